// Prints what TPE makes of a study: tpe_values JOURNAL STUDY '{"space": {key: Optuna's distribution}, "constant_liar",
// "blocks": [{"keys", "candidates": [[internal value of each key]]}]}'. Output: {"good", "other": numbers of trials,
// "groups": [[key]], "blocks": [{"good", "other": [log density of each candidate]}]}.
#include <fmt/format.h>

#include <set>

#include "sweeps/journal.h"
#include "sweeps/samplers/tpe_history.h"

int main(int, char** argv) {
  using nlohmann::json;
  ablate::Journal journal(argv[1]);
  journal.sync();
  const ablate::Study& study = *journal.replay().find(argv[2]);
  const json asked = json::parse(argv[3]);

  std::vector<ablate::Parameter> parameters;
  for (const auto& [key, distribution] : asked.at("space").items())
    parameters.push_back({key, ablate::distribution_from_optuna(distribution.get<std::string>()), {}});
  const ablate::SearchSpace space(parameters);
  ablate::TpeHistory history(space);
  history.follow(study, -1);
  const ablate::TpeSplit split = ablate::split_trials(study, history, asked.at("constant_liar"));

  std::set<std::vector<std::string>> groups;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    std::vector<std::string> keys;
    for (const std::size_t each : history.group_of(i)) keys.push_back(parameters[each].key);
    groups.insert(keys);
  }
  json printed = {{"good", split.good}, {"other", split.other}, {"groups", groups}, {"blocks", json::array()}};
  for (const json& asked_block : asked.at("blocks")) {
    std::vector<std::size_t> block;
    for (const std::string key : asked_block.at("keys"))
      block.push_back(static_cast<std::size_t>(space.find(key) - space.parameters().data()));
    const std::vector<std::vector<double>> candidates = asked_block.at("candidates");
    printed["blocks"].push_back(
        {{"good", history.density(split.good, block, split.good_weights).log_densities(candidates)},
         {"other", history.density(split.other, block, ablate::TpeWeights::recent).log_densities(candidates)}});
  }
  fmt::print("{}\n", printed.dump());
}
