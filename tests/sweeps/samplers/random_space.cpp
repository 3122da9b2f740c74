#include "tests/sweeps/samplers/random_space.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

namespace ablate {

Distribution real(double low, double high, bool log, std::optional<double> step) {
  Distribution distribution{Distribution::Type::real, low, high, log, step, {}};
  distribution.check();
  return distribution;
}

Distribution integer(double low, double high, bool log, double step) {
  Distribution distribution{Distribution::Type::integer, low, high, log, step, {}};
  distribution.check();
  return distribution;
}

Distribution choices(std::vector<nlohmann::json> values) {
  return {Distribution::Type::categorical, 0, 0, false, {}, std::move(values)};
}

SearchSpace random_space(std::mt19937_64& generator) {
  const auto below = [&](int count) { return static_cast<int>(generator() % static_cast<unsigned>(count)); };
  const auto random_distribution = [&]() -> Distribution {
    switch (below(8)) {
      case 0:
        return real(-3 + below(3), below(4));
      case 1:
        return real(std::pow(10, -6 + below(4)), .1 + below(3), true);
      case 2:
        return real(-.3, .2 + below(2), false, .1);
      case 3:
        return integer(-5 + below(3), below(20));
      case 4:
        return integer(1, 1 + below(500), true);
      case 5:
        return integer(16, 16 + below(200), false, 16);
      case 6:
        return real(2, 2);
      default:
        return choices({"a", 2, nullptr, true, "e"});
    }
  };
  std::vector<Parameter> parameters;
  for (int i = 0, count = 1 + below(9); i < count; ++i) {
    Parameter parameter{fmt::format("p{}", i), random_distribution(), {}};
    if (i > 0 && parameters[static_cast<std::size_t>(below(i))].distribution.type == Distribution::Type::categorical)
      for (const Parameter& other : parameters)
        if (other.distribution.type == Distribution::Type::categorical && below(2) == 0)
          parameter.when[other.key] = {0.0, static_cast<double>(1 + below(4))};
    parameters.push_back(parameter);
  }
  return SearchSpace(parameters);
}

Trial trial_of(const SearchSpace& space, const Params& params, int number) {
  Trial trial;
  trial.number = number;
  trial.id = number;
  trial.params = params;
  for (const auto& [key, value] : params)
    trial.distributions[key] = std::make_shared<const Distribution>(space.find(key)->distribution);
  return trial;
}

void expect_complete(const SearchSpace& space, const Params& params) {
  std::size_t active = 0;
  for (const Parameter& parameter : space.parameters()) {
    if (!SearchSpace::active(parameter, params)) continue;
    ++active;
    ASSERT_TRUE(params.contains(parameter.key)) << parameter.key;
    EXPECT_TRUE(parameter.distribution.contains(params.at(parameter.key)))
        << parameter.key << " = " << params.at(parameter.key);
  }
  EXPECT_EQ(active, params.size());
}

Study study_of(const SearchSpace& space, Sampler& sampler, int count, const std::vector<Direction>& directions,
               std::mt19937_64& generator) {
  std::normal_distribution<double> value;
  Study study;
  study.directions = directions;
  for (int number = 0; number < count; ++number) {
    const std::optional<Params> params = sampler.suggest(study, number);
    if (!params) break;
    Trial trial = trial_of(space, *params, number);
    switch (generator() % 8) {
      case 0:
        trial.state = TrialState::fail;
        break;
      case 1:
        trial.state = TrialState::running;
        break;
      case 2:
        trial.state = directions.size() == 1 ? TrialState::pruned : TrialState::complete;
        break;
      default:
        trial.state = TrialState::complete;
    }
    if (trial.state != TrialState::fail) trial.intermediate[static_cast<Step>(generator() % 5)] = value(generator);
    if (trial.state == TrialState::complete)
      for (std::size_t i = 0; i < directions.size(); ++i) trial.values.push_back(value(generator));
    study.trials.push_back(std::move(trial));
  }
  return study;
}

}  // namespace ablate
