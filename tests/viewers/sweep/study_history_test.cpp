#include "viewers/sweep/study_history.h"

#include <gtest/gtest.h>

#include "tests/viewers/sweep/study_maker.h"

namespace ablate {
namespace {

using Line = std::vector<double>;

TEST(StudyHistory, TheBestSoFarGoesInStepsOverCompleteTrials) {
  for (const auto direction : {Direction::maximize, Direction::minimize}) {
    const double sign = direction == Direction::maximize ? 1 : -1;
    StudyMaker maker({direction});
    for (const double value : {0.4, 0.6, 0.5}) maker.add(TrialState::complete, {sign * value});
    maker.add(TrialState::pruned, {sign * 0.9});
    maker.add(TrialState::complete, {sign * 0.7});
    const StudyHistory history = history_of(maker.study, axes_of(maker.study, nullptr), 0);
    EXPECT_EQ(history.best_x, (Line{0, 1, 1, 2, 4, 4}));
    EXPECT_EQ(history.best_y, (Line{sign * 0.4, sign * 0.4, sign * 0.6, sign * 0.6, sign * 0.6, sign * 0.7}));
  }
}

TEST(StudyHistory, TrialsThatEndedWithoutANumberAreToldApart) {
  StudyMaker maker;
  maker.add(TrialState::fail, {});
  maker.add(TrialState::running, {});
  maker.add(TrialState::complete, {std::nan("")});
  maker.add(TrialState::complete, {1});
  const StudyHistory history = history_of(maker.study, axes_of(maker.study, nullptr), 0);
  EXPECT_EQ(history.without_value, (std::vector<int>{0, 2}));
}

TEST(StudyHistory, TheFrontOfTwoObjectivesGoesByWhatHasBeenReached) {
  StudyMaker maker({Direction::maximize, Direction::minimize});
  maker.add(TrialState::complete, {2, 20});
  maker.add(TrialState::complete, {1, 10});
  maker.add(TrialState::complete, {1, 15});
  const StudyAxes axes = axes_of(maker.study, nullptr);
  const ParetoSteps steps = pareto_steps(maker.study, axes, maker.study.best());
  // More is better across, less is better up: the corner is worse than both.
  EXPECT_EQ(steps.x, (Line{1, 1, 2}));
  EXPECT_EQ(steps.y, (Line{10, 20, 20}));
}

TEST(StudyHistory, OfThreeObjectivesThereIsNoLine) {
  StudyMaker maker({Direction::maximize, Direction::minimize, Direction::minimize});
  maker.add(TrialState::complete, {2, 20, 1});
  EXPECT_TRUE(pareto_steps(maker.study, axes_of(maker.study, nullptr), maker.study.best()).x.empty());
}

}  // namespace
}  // namespace ablate
