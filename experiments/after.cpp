#include "experiments/after.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/run_config.h"
#include "runs/checkpoints.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/paths.h"
#include "runs/run_store.h"

namespace ablate {
namespace {

constexpr const char* kLast = "last";

CheckpointWord checkpoint_of(const std::string& from) {
  CheckpointWord word = checkpoint_word_of(from);
  if (word.checkpoint == kLast) word.checkpoint.clear();
  return word;
}

/// What `from` means of a run: a checkpoint's folder, or the file of an average in it.
std::filesystem::path weights_of(const std::filesystem::path& run, const std::string& from) {
  const CheckpointWord word = checkpoint_of(from);
  const std::filesystem::path checkpoint = plain_path(find_checkpoint(run, word.checkpoint));
  return word.average.empty() ? checkpoint : average_file(checkpoint, word.average);
}

}  // namespace

std::optional<After> after_of(const nlohmann::json& run) {
  if (!run.is_object() || !run.contains("after") || run["after"].is_null()) return std::nullopt;
  const nlohmann::json& after = run["after"];
  if (!after.is_object()) return After{};
  // A file that was edited by hand may hold anything.
  const nlohmann::json first = after.value("run", nlohmann::json()), from = after.value("from", nlohmann::json());
  const auto text = [](const nlohmann::json& word) { return word.is_string() ? word.get<std::string>() : word.dump(); };
  return After{first.is_string() ? text(first) : "", from.is_null() ? "" : text(from)};
}

nlohmann::json to_json(const After& after) {
  nlohmann::json json{{"run", after.run}};
  if (!after.from.empty()) json["from"] = after.from;
  return json;
}

std::string checked_from(const nlohmann::json& word) {
  const std::string from = word.is_string() ? word.get<std::string>() : word.dump();
  try {
    const std::string checkpoint = from.empty() ? "?" : checkpoint_of(from).checkpoint;
    if (checkpoint == "best" || std::ranges::all_of(checkpoint, [](unsigned char c) { return std::isdigit(c); }))
      return from;
  } catch (const Error&) {  // Said below.
  }
  throw Error(fmt::format("\"from\" is best, last, ema, swa or a step, not {}.", word.dump()));
}

void begin_after(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "run.json";
  nlohmann::json run = read_json_file(file).value_or(nlohmann::json::object());
  const std::optional<After> after = after_of(run);
  if (!after || newest_checkpoint(folder)) return;
  RunConfig config = RunConfig::from_json(run.value("config", nlohmann::json::object()));
  if (!after->from.empty() && config.is_set("init.from")) return;
  if (after->run.empty()) throw Error("Its run.json has an \"after\" without the run to wait for: correct it.");
  const std::filesystem::path before = folder.parent_path() / after->run;
  const RunState state = read_run(folder.parent_path(), before).status.state;
  if (state != RunState::completed)
    throw Error(fmt::format(
        "It comes after {0}, which is {1}, not completed. Resume that one, and then this: ablate resume {0}",
        after->run, name_of(state)));
  if (after->from.empty()) return;
  const std::filesystem::path weights = weights_of(before, after->from);
  config.set("init.from", weights.string());
  run["config"] = config.to_json();
  run["parent"] = weights.string();
  write_json_file(file, run);
}

}  // namespace ablate
