#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "sweeps/pruners/pruner.h"
#include "tests/sweeps/pruners/trials.h"

namespace ablate {
namespace {

using nlohmann::json;

Trial& report(Study& study, int number, Step step, double value) {
  Trial& trial = study.trials[static_cast<std::size_t>(number)];
  trial.intermediate[step] = value;
  return trial;
}

void pause(Trial& trial, Step step) { trial.user_attrs["paused_at"] = step; }

/// Rungs at 10, 20 and 40 of 80 steps.
const json kHalves{{"name", "asha"}, {"min_resource", 10}, {"reduction_factor", 2}};

TEST(Asha, LetsAWaitingTrialGoOnWhenItIsAmongTheBest) {
  Study study = study_of(Direction::minimize);
  for (int i = 0; i < 4; ++i) add(study, TrialState::running);
  const auto pruner = make_pruner(kHalves, 80, study.directions);
  EXPECT_EQ(pruner->judge(study, report(study, 0, 10, 1)), Verdict::go_on);
  EXPECT_EQ(pruner->judge(study, report(study, 1, 10, 2)), Verdict::pause);
  pause(study.trials[1], 10);
  EXPECT_EQ(pruner->promote(study), std::nullopt);
  EXPECT_EQ(pruner->judge(study, report(study, 2, 10, 4)), Verdict::pause);
  pause(study.trials[2], 10);
  EXPECT_EQ(pruner->judge(study, report(study, 3, 10, 3)), Verdict::pause);
  pause(study.trials[3], 10);
  EXPECT_EQ(pruner->promote(study), 1);
  study.trials[1].user_attrs["paused_at"] = nullptr;
  EXPECT_EQ(pruner->promote(study), std::nullopt);
}

TEST(Asha, PromotesFromTheHighestRungFirst) {
  Study study = study_of(Direction::maximize);
  const auto pruner = make_pruner(kHalves, 80, study.directions);
  for (int i = 0; i < 8; ++i) {
    add(study, TrialState::running);
    report(study, i, 10, i);
    if (i >= 4) report(study, i, 20, i);
  }
  pause(study.trials[5], 20);
  pause(study.trials[6], 20);
  EXPECT_EQ(pruner->promote(study), 6);
  study.trials[6].user_attrs["paused_at"] = nullptr;
  EXPECT_EQ(pruner->promote(study), std::nullopt);
}

TEST(Asha, ATrialThatReportedOnceMoreBeforeItStoppedStillWaitsAtItsRung) {
  Study study = study_of(Direction::minimize);
  for (int i = 0; i < 2; ++i) add(study, TrialState::running);
  const auto pruner = make_pruner(kHalves, 80, study.directions);
  report(study, 0, 10, 1);
  EXPECT_EQ(pruner->judge(study, report(study, 1, 10, 2)), Verdict::pause);
  report(study, 1, 12, 0);
  pause(study.trials[1], 12);
  EXPECT_EQ(pruner->promote(study), std::nullopt);
}

TEST(Asha, JudgesOnlyTheReportThatComesToARung) {
  Study study = study_of(Direction::minimize);
  for (int i = 0; i < 2; ++i) add(study, TrialState::running);
  const auto pruner = make_pruner(kHalves, 80, study.directions);
  report(study, 0, 11, 1);
  EXPECT_EQ(pruner->judge(study, report(study, 1, 9, 5)), Verdict::go_on);
  EXPECT_EQ(pruner->judge(study, report(study, 1, 13, 5)), Verdict::pause);
  EXPECT_EQ(pruner->judge(study, report(study, 1, 14, 5)), Verdict::go_on);
}

TEST(Asha, AtTheEndOfARunThereIsNoRung) {
  Study study = study_of(Direction::minimize);
  for (int i = 0; i < 2; ++i) add(study, TrialState::running);
  const auto pruner =
      make_pruner({{"name", "asha"}, {"min_resource", "auto"}, {"reduction_factor", 4}}, 64, study.directions);
  for (const Step step : {1, 4, 16, 64}) report(study, 0, step, 1);
  for (const Step step : {1, 4, 16}) EXPECT_EQ(pruner->judge(study, report(study, 1, step, 2)), Verdict::pause) << step;
  EXPECT_EQ(pruner->judge(study, report(study, 1, 64, 2)), Verdict::go_on);
}

/// What became of trials on four workers, each of 64 reports of a curve that falls to its level, with noise.
struct Simulation {
  double runs = 0;    ///< reports of all trials together, in whole runs
  int complete = 0;   ///< trials that ran to their ends
  double regret = 1;  ///< the level of the best of these; levels are uniform in [0, 1]
};

Simulation simulate(const json& fields, int trials, unsigned seed) {
  constexpr int kWorkers = 4;
  constexpr Step kSteps = 64;
  std::mt19937_64 generator(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::normal_distribution<double> noise(0, .01);
  std::vector<double> levels(static_cast<std::size_t>(trials)), speeds(levels.size());
  for (double& level : levels) level = uniform(generator);
  for (double& speed : speeds) speed = 2 + 14 * uniform(generator);

  Study study = study_of(Direction::minimize);
  const auto pruner = make_pruner(fields, kSteps, study.directions);
  std::vector<int> working;
  Simulation result;
  while (true) {
    while (std::ssize(working) < kWorkers) {
      if (const auto promoted = pruner->promote(study)) {
        study.trials[static_cast<std::size_t>(*promoted)].user_attrs["paused_at"] = nullptr;
        working.push_back(*promoted);
      } else if (std::ssize(study.trials) < trials) {
        working.push_back(add(study, TrialState::running).number);
      } else {
        break;
      }
    }
    if (working.empty()) break;
    std::erase_if(working, [&](int number) {
      Trial& trial = study.trials[static_cast<std::size_t>(number)];
      const auto i = static_cast<std::size_t>(number);
      const Step step = std::ssize(trial.intermediate) + 1;
      trial.intermediate[step] = levels[i] + std::exp(-static_cast<double>(step) / speeds[i]) + noise(generator);
      result.runs += 1.0 / kSteps;
      const Verdict verdict = pruner->judge(study, trial);
      if (verdict == Verdict::pause) pause(trial, step);
      if (verdict == Verdict::go_on && step == kSteps) {
        trial.state = TrialState::complete;
        ++result.complete;
        result.regret = std::min(result.regret, levels[i]);
      }
      return verdict != Verdict::go_on || step == kSteps;
    });
  }
  return result;
}

TEST(Asha, FindsAGoodOneInAQuarterOfTheSteps) {
  constexpr int kTrials = 64, kSeeds = 50;
  double runs = 0, regret = 0;
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    const Simulation one = simulate({{"name", "asha"}}, kTrials, seed);
    runs += one.runs / kSeeds;
    regret += one.regret / kSeeds;
  }
  EXPECT_LT(runs, kTrials / 4);
  EXPECT_LT(regret, .05);
}

TEST(Asha, SomeTrialRunsToItsEndHoweverFewThereAre) {
  int none_of_those_that_wait = 0;
  for (int trials = 1; trials <= 16; ++trials) {
    EXPECT_GE(simulate({{"name", "asha"}}, trials, 1).complete, 1) << trials;
    none_of_those_that_wait += simulate({{"name", "asha"}, {"bootstrap_count", 3}}, trials, 1).complete == 0;
  }
  EXPECT_GE(none_of_those_that_wait, 14);
}

}  // namespace
}  // namespace ablate
