#include "sweeps/trial_standing.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ablate {
namespace {

TEST(TrialStanding, OneThatIsOpenStandsAsItsRunDoes) {
  const Trial open;
  EXPECT_EQ(standing_of(open, nullptr), "running");
  RunStatus run;
  for (const auto& [state, word] : {std::pair(RunState::running, "running"),
                                    {RunState::queued, "queued"},
                                    {RunState::stopped, "stopped"},
                                    {RunState::interrupted, "interrupted"},
                                    {RunState::completed, "complete"},
                                    {RunState::failed, "failed"}}) {
    run.state = state;
    EXPECT_EQ(standing_of(open, &run), word);
  }
}

TEST(TrialStanding, OneThatIsOverOrWaitsAtARungSaysSoWhateverItsRun) {
  RunStatus stopped;
  stopped.state = RunState::stopped;
  Trial trial;
  trial.user_attrs["paused_at"] = 300;
  EXPECT_EQ(standing_of(trial, &stopped), "paused");
  trial.state = TrialState::fail;
  EXPECT_EQ(standing_of(trial, &stopped), "failed");
}

TEST(TrialStanding, ItsTimeIsThatOfItsTraining) {
  Trial trial;
  trial.started_seconds = 40;
  trial.ended_seconds = 90;
  RunStatus run;
  run.training_seconds = 12;
  EXPECT_EQ(trained_seconds(trial, &run, 100), 12);
}

TEST(TrialStanding, ItsTimeWithoutARunIsFromItsStartToItsEndOrNow) {
  Trial trial;
  EXPECT_TRUE(std::isnan(trained_seconds(trial, nullptr, 100)));
  trial.started_seconds = 40;
  EXPECT_EQ(trained_seconds(trial, nullptr, 100), 60);
  trial.ended_seconds = 50;
  EXPECT_EQ(trained_seconds(trial, nullptr, 100), 10);
}

TEST(TrialStanding, WhatIsLostOfARunThatIsGoneTakesNoTime) {
  Trial trial;
  trial.started_seconds = 40;
  trial.user_attrs["run"] = "20261121-101500-lr-t0";
  EXPECT_TRUE(std::isnan(trained_seconds(trial, nullptr, 100)));
}

}  // namespace
}  // namespace ablate
