#include "viewers/sweep/trial_rows.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/viewers/sweep/study_maker.h"

namespace ablate {
namespace {

class TrialRowsTest : public testing::Test {
 protected:
  TrialRowsTest() {
    maker_.distributions = {{"lr", real(0, 1)}};
    maker_.add(TrialState::complete, {0.5}, {{"lr", 0.3}}).user_attrs["run"] = "b";
    maker_.add(TrialState::fail, {}, {{"lr", 0.1}});
    maker_.add(TrialState::complete, {0.9}).user_attrs["run"] = "a";
    maker_.add(TrialState::complete, {0.5}, {{"lr", 0.2}});
  }
  std::vector<int> sorted(TrialOrder order, std::vector<char> kept = {1, 1, 1, 1}) const {
    return sorted_trials(maker_.study, axes_of(maker_.study, nullptr), kept, runs_, order, 100);
  }
  StudyMaker maker_;
  std::vector<const RunView*> runs_{4, nullptr};
};

using By = TrialOrder::By;
using Numbers = std::vector<int>;

TEST_F(TrialRowsTest, WhatHasNoValueComesLastEitherWayAndEqualOnesByNumber) {
  EXPECT_EQ(sorted({By::objective, 0, false}), (Numbers{0, 3, 2, 1}));
  EXPECT_EQ(sorted({By::objective, 0, true}), (Numbers{2, 0, 3, 1}));
  EXPECT_EQ(sorted({By::parameter, 0, false}), (Numbers{1, 3, 0, 2}));
  EXPECT_EQ(sorted({By::run, 0, false}), (Numbers{2, 0, 1, 3}));
}

TEST_F(TrialRowsTest, NumbersAndStatesSortBothWays) {
  EXPECT_EQ(sorted({By::number, 0, true}), (Numbers{3, 2, 1, 0}));
  EXPECT_EQ(sorted({By::state, 0, true}), (Numbers{1, 0, 2, 3}));
}

TEST_F(TrialRowsTest, OnlyWhatIsKeptIsListed) {
  EXPECT_EQ(sorted({By::number, 0, false}, {0, 1, 1, 0}), (Numbers{1, 2}));
}

TEST_F(TrialRowsTest, TimesAndStatesAreThoseOfTheRuns) {
  maker_.study.trials[0].started_seconds = 1;
  maker_.study.trials[2].state = TrialState::running;
  maker_.study.trials[2].started_seconds = 2;
  RunView stopped, quick;
  stopped.info.status.state = RunState::stopped;
  stopped.info.status.training_seconds = 20;
  quick.info.status.training_seconds = 10;
  runs_ = {&quick, nullptr, &stopped, nullptr};
  EXPECT_EQ(sorted({By::seconds, 0, true}), (Numbers{2, 0, 1, 3}));
  EXPECT_EQ(sorted({By::state, 0, true}), (Numbers{2, 1, 0, 3}));
}

TEST_F(TrialRowsTest, ATrialThatIsNotOverHasTheValueThatItReportedLast) {
  Trial& paused = maker_.study.trials[1];
  paused.state = TrialState::running;
  paused.user_attrs["paused_at"] = 300;
  EXPECT_TRUE(std::isnan(row_value(maker_.study, paused, 0)));
  paused.intermediate = {{100, 0.1}, {300, 0.7}};
  EXPECT_EQ(row_value(maker_.study, paused, 0), 0.7);
  EXPECT_EQ(sorted({By::objective, 0, true}), (Numbers{2, 1, 0, 3}));
  paused.state = TrialState::fail;
  EXPECT_TRUE(std::isnan(row_value(maker_.study, paused, 0)));
}

}  // namespace
}  // namespace ablate
