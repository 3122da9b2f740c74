#include "runs/checkpoints.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/run_status.h"

namespace ablate {

namespace fs = std::filesystem;

namespace {

bool is_average(std::string_view word) { return word == "ema" || word == "swa"; }

}  // namespace

std::map<Step, fs::path> checkpoints_of(const fs::path& run) {
  std::map<Step, fs::path> found;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(run / "checkpoints", ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("step-")) continue;
    Step step = 0;
    const auto [end, problem] = std::from_chars(name.data() + 5, name.data() + name.size(), step);
    if (problem != std::errc() || end != name.data() + name.size()) continue;
    if (fs::exists(entry.path() / "trainer.json", ignored)) found[step] = entry.path();
  }
  return found;
}

std::optional<fs::path> newest_checkpoint(const fs::path& run) {
  const auto all = checkpoints_of(run);
  if (all.empty()) return std::nullopt;
  return all.rbegin()->second;
}

fs::path find_checkpoint(const fs::path& run, std::string_view word) {
  const auto all = checkpoints_of(run);
  if (all.empty()) {
    const auto status = read_status(run);
    const bool range_test = status && status->range_test.is_object();
    throw Error(fmt::format("{} has no checkpoint{}.", run.string(), range_test ? ": it is a range test" : " yet"));
  }
  if (word.empty()) return all.rbegin()->second;
  Step step = -1;
  if (word == "best") {
    const auto json = read_json_file(all.rbegin()->second / "trainer.json");
    step = json && json->contains("best") ? json->at("best").value("step", Step{-1}) : -1;
  } else {
    std::from_chars(word.data(), word.data() + word.size(), step);
  }
  if (const auto found = all.find(step); found != all.end()) return found->second;
  std::vector<Step> steps;
  for (const auto& item : all) steps.push_back(item.first);
  throw Error(fmt::format("{} has no checkpoint \"{}\"; there are those of step {}.", run.string(), word,
                          fmt::join(steps, ", ")));
}

CheckpointWord checkpoint_word_of(std::string_view word) {
  const std::size_t dot = word.rfind('.');
  if (dot != std::string_view::npos) {
    const CheckpointWord parts{std::string(word.substr(0, dot)), std::string(word.substr(dot + 1))};
    if (!parts.checkpoint.empty() && is_average(parts.average) && parts.checkpoint.find('.') == std::string::npos)
      return parts;
    throw Error(fmt::format("@{} names no checkpoint: @400, @best, @ema or @400.ema do.", word));
  }
  if (is_average(word)) return {"", std::string(word)};
  return {std::string(word), ""};
}

fs::path average_file(const fs::path& checkpoint, const std::string& average) {
  for (const auto& entry : fs::directory_iterator(checkpoint))
    if (entry.path().stem().extension() == "." + average) return entry.path();
  throw Error(fmt::format(
      "{} holds no average \"{}\" of its weights: {}.", checkpoint.string(), average,
      average == "swa" ? "there is one once a step after swa.start has been averaged" : "train.ema makes one"));
}

void prune_checkpoints(const fs::path& run, std::int64_t keep, Step best) {
  const auto all = checkpoints_of(run);
  auto left = static_cast<std::int64_t>(all.size());
  for (const auto& [step, folder] : all) {
    if (left-- <= std::max<std::int64_t>(keep, 1)) break;
    std::error_code ignored;
    if (step != best) fs::remove_all(folder, ignored);
  }
  std::error_code ignored;
  std::vector<fs::path> torn;  // Begun by a worker that was killed.
  for (const fs::directory_entry& entry : fs::directory_iterator(run / "checkpoints", ignored)) {
    if (entry.path().filename().string().starts_with(".step-")) torn.push_back(entry.path());
  }
  for (const fs::path& folder : torn) fs::remove_all(folder, ignored);
}

}  // namespace ablate
