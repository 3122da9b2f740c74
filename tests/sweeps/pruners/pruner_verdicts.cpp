// Prints what a pruner makes of reports, a JSON array of "go on", "pause" and "prune", one a report. Standard input:
// {"pruner", "total_steps", "study", "direction": Optuna's number, "events": [[number, step, value] or [number,
// state]]}, trials being made as they appear.
#include <fmt/format.h>

#include <iostream>
#include <iterator>

#include "runs/json_file.h"
#include "sweeps/pruners/pruner.h"
#include "tests/sweeps/pruners/trials.h"

int main() {
  using nlohmann::json;
  const json input = ablate::parse_python_json(std::string(std::istreambuf_iterator<char>(std::cin), {}), "the input");
  ablate::Study study = ablate::study_of(input.at("direction"));
  study.name = input.at("study");
  const auto pruner = ablate::make_pruner(input.at("pruner"), input.at("total_steps"), study.directions);
  const char* const names[] = {"go on", "pause", "prune"};
  json verdicts = json::array();
  for (const json& event : input.at("events")) {
    const std::size_t number = event[0];
    while (study.trials.size() <= number) ablate::add(study, ablate::TrialState::running);
    ablate::Trial& trial = study.trials[number];
    if (event.size() == 2) {
      trial.state = event[1];
      continue;
    }
    trial.intermediate[event[1]] = ablate::number_of(event[2]);
    verdicts.push_back(names[static_cast<int>(pruner->judge(study, trial))]);
  }
  fmt::print("{}\n", verdicts.dump());
}
