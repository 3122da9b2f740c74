#include "viewers/sweep/learning_curves.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/viewers/sweep/study_maker.h"

namespace ablate {
namespace {

TEST(LearningCurves, StepsWhereSeveralEndedAreRungs) {
  StudyMaker maker;
  for (int i = 0; i < 3; ++i) maker.add(TrialState::pruned, {}).intermediate = {{100, 0.1 * i}};
  Trial& paused = maker.add(TrialState::running, {});
  paused.intermediate = {{100, 0.5}, {300, 0.6}};
  paused.user_attrs["paused_at"] = 300;
  maker.add(TrialState::pruned, {}).intermediate = {{100, 0.5}, {200, 0.5}, {300, 0.5}};
  maker.add(TrialState::pruned, {}).intermediate = {{100, 0.5}, {200, 0.5}};
  maker.add(TrialState::complete, {1}).intermediate = {{100, 0.5}, {900, 1}};
  maker.add(TrialState::complete, {1});
  const LearningCurves curves = learning_curves(maker.study);
  EXPECT_EQ(curves.lines.size(), 7u);
  EXPECT_EQ(curves.first_step, 100);
  EXPECT_EQ(curves.last_step, 900);
  ASSERT_EQ(curves.rungs.size(), 2u);
  EXPECT_EQ(curves.rungs[0].step, 100);
  EXPECT_EQ(curves.rungs[0].reached, 7);
  EXPECT_EQ(curves.rungs[0].ended, 3);
  EXPECT_EQ(curves.rungs[1].step, 300);
  EXPECT_EQ(curves.rungs[1].reached, 3);
  EXPECT_EQ(curves.rungs[1].ended, 2);
}

TEST(LearningCurves, ALongLineIsThinnedWithoutLosingASpike) {
  StudyMaker maker;
  Trial& trial = maker.add(TrialState::running, {});
  for (int step = 0; step < 50000; ++step) trial.intermediate[step] = step == 31234 ? 9 : 0.5;
  const LearningCurves curves = learning_curves(maker.study);
  EXPECT_LE(curves.lines[0].steps.size(), 1010u);
  EXPECT_EQ(std::ranges::count(curves.lines[0].values, 9), 1);
}

TEST(LearningCurves, WhatIsNotFiniteWidensNoRange) {
  StudyMaker maker;
  maker.add(TrialState::running, {}).intermediate = {{1, 0.5}, {2, std::nan("")}, {3, INFINITY}, {4, 0.6}};
  const LearningCurves curves = learning_curves(maker.study);
  EXPECT_EQ(curves.lines[0].values.size(), 4u);
  EXPECT_EQ(curves.range.low, 0.5);
  EXPECT_EQ(curves.range.high, 0.6);
}

}  // namespace
}  // namespace ablate
