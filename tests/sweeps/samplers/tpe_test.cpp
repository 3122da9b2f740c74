#include "sweeps/samplers/tpe.h"

#include <gmock/gmock.h>

#include <cmath>

#include "runs/error.h"
#include "tests/sweeps/samplers/random_space.h"

namespace ablate {
namespace {

using testing::HasSubstr;
using testing::Lt;

std::unique_ptr<Sampler> tpe(const SearchSpace& space, nlohmann::json fields = nlohmann::json::object()) {
  fields["name"] = "tpe";
  return make_sampler(space, fields, {Direction::minimize});
}

void add(Study& study, const SearchSpace& space, const Params& params, TrialState state, std::vector<double> values) {
  Trial trial = trial_of(space, params, static_cast<int>(study.trials.size()));
  trial.state = state;
  trial.values = std::move(values);
  study.trials.push_back(std::move(trial));
}

Study minimising() {
  Study study;
  study.directions = {Direction::minimize};
  return study;
}

TEST(Tpe, BeginsWithRandomTrials) {
  const SearchSpace space({{"x", real(0, 1), {}}});
  Study study = minimising();
  for (int number = 0; number < 12; ++number) {
    const Params proposed = *tpe(space, {{"n_startup_trials", 10}})->suggest(study, number);
    std::mt19937_64 generator = generator_for(0, number);
    EXPECT_EQ(proposed == random_params(space, generator), number < 10) << number;
    add(study, space, proposed, TrialState::complete, {proposed.at("x")});
  }
}

TEST(Tpe, ComesCloseToAnOptimumInEveryMode) {
  const SearchSpace space({{"x", real(0, 1), {}},
                           {"rate", real(1e-6, 1, true), {}},
                           {"kind", choices({"a", "b", "c"}), {}},
                           {"layers", integer(1, 40), {{"kind", {1}}}}});
  for (const auto& [multivariate, group] : {std::pair{false, false}, {true, false}, {true, true}}) {
    const std::unique_ptr<Sampler> sampler = tpe(space, {{"multivariate", multivariate}, {"group", group}});
    Study study = minimising();
    double best = 100;
    for (int number = 0; number < 120; ++number) {
      const Params params = *sampler->suggest(study, number);
      const double value = std::abs(params.at("x") - .3) + std::abs(std::log10(params.at("rate")) + 2) / 6 +
                           (params.contains("layers") ? std::abs(params.at("layers") - 33) / 40 : 1);
      add(study, space, params, TrialState::complete, {value});
      best = std::min(best, value);
    }
    EXPECT_THAT(best, Lt(.1)) << multivariate << group;
  }
}

TEST(Tpe, LearnsTheSameFromTrialsThatItSawUnfinished) {
  std::mt19937_64 generator(3);
  for (int round = 0; round < 10; ++round) {
    const SearchSpace space = random_space(generator);
    const std::unique_ptr<Sampler> sampler = tpe(space);
    Study study = minimising();
    for (int number = 0; number < 60; ++number) {
      const Params proposed = *sampler->suggest(study, number);
      EXPECT_EQ(proposed, tpe(space)->suggest(study, number));
      add(study, space, proposed, TrialState::running, {});
      for (Trial& trial : study.trials) {
        if (finished(trial.state) || generator() % 4 != 0) continue;
        trial.intermediate[static_cast<Step>(trial.intermediate.size())] = static_cast<double>(generator() % 100);
        switch (generator() % 4) {
          case 0:
            trial.user_attrs["paused_at"] = 1;
            break;
          case 1:
            trial.state = TrialState::fail;
            break;
          case 2:
            trial.user_attrs["paused_at"] = nullptr;
            break;
          default:
            trial.state = TrialState::complete;
            trial.values = {static_cast<double>(generator() % 100)};
        }
      }
    }
  }
}

TEST(Tpe, KeepsOffTrialsThatRun) {
  const SearchSpace space({{"x", real(0, 1), {}}});
  Study study = minimising();
  for (int i = 0; i < 40; ++i) add(study, space, {{"x", i / 40.}}, TrialState::complete, {std::abs(i / 40. - .5)});
  const double alone = tpe(space)->suggest(study, 40)->at("x");
  add(study, space, {{"x", alone}}, TrialState::running, {});
  EXPECT_NE(tpe(space)->suggest(study, 99), tpe(space, {{"constant_liar", false}})->suggest(study, 99));
  const auto distance = [&](bool liar) {
    double sum = 0;
    for (int number = 100; number < 200; ++number)
      sum += std::abs(tpe(space, {{"constant_liar", liar}})->suggest(study, number)->at("x") - alone);
    return sum;
  };
  EXPECT_GT(distance(true), distance(false));
}

TEST(Tpe, IgnoresTheTrialThatItIsAskedFor) {
  const SearchSpace space({{"x", real(0, 1), {}}});
  Study study = minimising();
  for (int i = 0; i < 20; ++i) add(study, space, {{"x", i / 20.}}, TrialState::complete, {i / 20.});
  const std::optional<Params> before = tpe(space)->suggest(study, 20);
  add(study, space, {{"x", .5}}, TrialState::running, {});
  EXPECT_EQ(tpe(space)->suggest(study, 20), before);
}

TEST(Tpe, LeavesOutValuesBeyondTheRange) {
  const SearchSpace wide({{"x", real(0, 10), {}}}), narrow({{"x", real(4, 5), {}}});
  Study study = minimising();
  for (int i = 0; i < 40; ++i) add(study, wide, {{"x", i / 4.}}, TrialState::complete, {static_cast<double>(i)});
  expect_complete(narrow, *tpe(narrow)->suggest(study, 40));
}

TEST(Tpe, TakesSeveralObjectives) {
  std::mt19937_64 generator(5);
  const std::vector<Direction> directions{Direction::minimize, Direction::maximize, Direction::minimize};
  const SearchSpace space = random_space(generator);
  const std::unique_ptr<Sampler> sampler = make_sampler(space, {{"name", "tpe"}}, directions);
  for (const Trial& trial : study_of(space, *sampler, 80, directions, generator).trials)
    expect_complete(space, trial.params);
}

TEST(Tpe, RefusesFieldsThatCannotBe) {
  const auto refusal = [](const nlohmann::json& fields) -> std::string {
    try {
      tpe({}, fields);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(refusal({{"n_startup_trials", 0}}), HasSubstr("\"n_startup_trials\" is a whole number from 1 on, not 0"));
  EXPECT_THAT(refusal({{"multivariate", 1}}), HasSubstr("\"multivariate\" is true or false, not 1"));
  EXPECT_THAT(refusal({{"multivariate", false}, {"group", true}}), HasSubstr("groups only where it is multivariate"));
  EXPECT_THAT(refusal({{"n_ei_candidate", 3}}), HasSubstr("Did you mean \"n_ei_candidates\"?"));
  EXPECT_EQ(refusal({{"multivariate", false}}), "");
}

}  // namespace
}  // namespace ablate
