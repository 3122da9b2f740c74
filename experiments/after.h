#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace ablate {

/// What a run comes after, as run.json has it: `"after": {"run": id, "from": "best"}`. It begins once that run is
/// completed, from its weights where `from` names some of its checkpoints.
struct After {
  std::string run;   ///< an id: the folder, relative to the root
  std::string from;  ///< as a person writes it (checked_from); empty: only the order counts
};

/// nullopt where a run comes after none. `run` is empty where the file has no text there: such a one waits in vain.
std::optional<After> after_of(const nlohmann::json& run);
nlohmann::json to_json(const After& after);

/// "best", "last", "ema", "swa", a step, or an average of one of them ("best.ema"); a number is a step. Throws Error
/// for anything else.
std::string checked_from(const nlohmann::json& word);

/// The weights that `from` means of a run: a checkpoint's folder, or the file of an average in it. Throws Error that
/// lists the checkpoints there are.
std::filesystem::path weights_of(const std::filesystem::path& run, const std::string& from);

/// Makes a run that has not begun begin from those weights: init.from and parent in its run.json. Nothing happens where
/// it is so already: what a run began with does not change. Throws Error.
void begin_from(const std::filesystem::path& folder, const std::filesystem::path& weights);

}  // namespace ablate
