#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "experiments/training/batches.h"
#include "experiments/training/trainer.h"

namespace ablate {

/// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Pictures of a bright disc on a dark ground (RGB "image") and where it is ("mask"); the same for the same seed.
std::shared_ptr<const Dataset> discs(std::size_t count, int height, int width, std::uint64_t seed = 1);

/// `count` discs, the last `held_out` of them for validation, in their own order in every epoch but rotated by it.
TrainingData disc_data(std::size_t count = 40, std::size_t held_out = 8, int height = 24, int width = 16);

/// A configuration of a small network on such data, with `changes` (dotted keys) over it.
RunConfig small_config(const std::map<std::string, nlohmann::json>& changes = {});

/// A run folder below `root` with a run.json that holds `config`.
std::filesystem::path make_run_folder(const std::filesystem::path& root, const std::string& name,
                                      const RunConfig& config);

/// Trains in `run` with one thread, and returns how it ended. `stop_at` (0: never): as if a signal came after that
/// step.
RunState train_in(const std::filesystem::path& run, const RunConfig& config, Task& task, const TrainingData& data,
                  Step stop_at = 0);

/// The same, with the task that the configuration names.
RunState train_in(const std::filesystem::path& run, const RunConfig& config, const TrainingData& data,
                  Step stop_at = 0);

/// Bytes of a file.
std::string bytes_of(const std::filesystem::path& file);

/// How many bits of `a` and `b` agree: true when all, in shape too.
bool identical(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace ablate
