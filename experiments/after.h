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

/// Makes a run that comes after another, and has not begun, begin from that one's weights, where it names some:
/// init.from and parent in its run.json. Throws Error where the other is not completed, or has no such checkpoint (it
/// lists those there are).
void begin_after(const std::filesystem::path& run);

}  // namespace ablate
