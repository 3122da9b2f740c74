#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sweeps/study.h"

namespace ablate {

inline Distribution real(double low, double high, bool log = false) {
  Distribution distribution;
  distribution.low = low;
  distribution.high = high;
  distribution.log = log;
  return distribution;
}

inline Distribution category(std::vector<nlohmann::json> choices) {
  Distribution distribution;
  distribution.type = Distribution::Type::categorical;
  distribution.choices = std::move(choices);
  return distribution;
}

/// A study, a trial a call.
struct StudyMaker {
  explicit StudyMaker(std::vector<Direction> directions = {Direction::maximize}) {
    study.directions = std::move(directions);
  }
  Trial& add(TrialState state, std::vector<double> values, const Params& params = {}) {
    Trial trial;
    trial.number = static_cast<int>(study.trials.size());
    trial.state = state;
    trial.values = std::move(values);
    trial.params = params;
    for (const auto& [key, value] : params)
      trial.distributions[key] = std::make_shared<const Distribution>(distributions.at(key));
    study.trials.push_back(std::move(trial));
    return study.trials.back();
  }

  Study study;
  std::map<std::string, Distribution> distributions;
};

}  // namespace ablate
