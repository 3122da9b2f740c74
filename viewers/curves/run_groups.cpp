#include "viewers/curves/run_groups.h"

#include <algorithm>
#include <map>

#include "runs/text.h"
#include "viewers/run_table.h"

namespace ablate {
namespace {

/// All that a run is made of but its seed.
std::string without_seed(const RunView& run) {
  if (run.config) {
    RunConfig config = *run.config;
    config.set("train.seed", 0);
    return config.canonical().to_json().dump();
  }
  nlohmann::json rest = run.data ? run.data->hparams : nlohmann::json();
  if (!rest.is_object() || rest.empty()) return run.info.id;
  for (auto at = rest.begin(); at != rest.end();)
    at = lower_case(at.key()).find("seed") != std::string::npos ? rest.erase(at) : std::next(at);
  return rest.dump();
}

std::string variant_of(const RunView& run) {
  const std::string variant = run.info.run->is_object() ? run.info.run->value("variant", "") : "";
  return variant.empty() ? run.info.name : variant;
}

}  // namespace

std::vector<std::string> group_keys(const std::vector<const RunView*>& runs) {
  std::vector<std::string> keys{kAllButSeed};
  for (std::string& key : differing_options(runs)) keys.push_back(std::move(key));
  return keys;
}

std::vector<RunGroup> grouped(const std::vector<const RunView*>& runs, const std::string& key) {
  std::vector<RunGroup> groups;
  std::map<std::string, std::size_t> places;
  for (const RunView* run : runs) {
    const bool but_seed = key == kAllButSeed;
    const std::string value = but_seed ? without_seed(*run) : run_cell(*run, {RunColumn::Kind::option, key}).text;
    const auto [place, added] = places.try_emplace(value, groups.size());
    if (added) groups.push_back({but_seed ? variant_of(*run) : key + " = " + (value.empty() ? "–" : value), {}});
    groups[place->second].runs.push_back(run);
  }
  return groups;
}

}  // namespace ablate
