#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "runs/types.h"

namespace ablate {

/// Steps of the complete checkpoints of a run, rising, with their folders; nothing where there are none.
std::map<Step, std::filesystem::path> checkpoints_of(const std::filesystem::path& run);

/// The complete checkpoint with the most steps; nullopt where there is none.
std::optional<std::filesystem::path> newest_checkpoint(const std::filesystem::path& run);

/// The checkpoint that `word` names: "" (the newest), "best", or a step. Throws Error that lists those there are.
std::filesystem::path find_checkpoint(const std::filesystem::path& run, std::string_view word);

/// What follows the @ in "RUN@400.ema": a checkpoint as find_checkpoint takes it, and which average of its weights;
/// empty for the weights themselves. "ema" and "swa" alone are of the newest. Throws Error for
/// other forms.
struct CheckpointWord {
  std::string checkpoint, average;
};
CheckpointWord checkpoint_word_of(std::string_view word);

/// The first network's file of that average in a checkpoint. Throws Error where it has none, saying what makes one.
std::filesystem::path average_file(const std::filesystem::path& checkpoint, const std::string& average);

/// Removes all but the newest `keep` and `best`, and what a killed worker left half written. Not while one is being
/// written.
void prune_checkpoints(const std::filesystem::path& run, std::int64_t keep, Step best);

}  // namespace ablate
