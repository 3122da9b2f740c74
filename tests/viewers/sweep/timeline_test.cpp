#include "viewers/sweep/timeline.h"

#include <gtest/gtest.h>

#include "tests/viewers/sweep/study_maker.h"

namespace ablate {
namespace {

class TimelineTest : public testing::Test {
 protected:
  Trial& add(TrialState state, double from, double to) {
    Trial& trial = maker_.add(state, {});
    trial.started_seconds = from;
    trial.ended_seconds = to;
    runs_.push_back(nullptr);
    return trial;
  }
  /// The last trial's run.
  RunView& run() {
    views_.push_back(std::make_unique<RunView>());
    runs_.back() = views_.back().get();
    return *views_.back();
  }
  Timeline timeline(double now = 1000) const { return timeline_of(maker_.study, runs_, now); }

  StudyMaker maker_;
  std::vector<std::unique_ptr<RunView>> views_;
  std::vector<const RunView*> runs_;
};

TEST_F(TimelineTest, WhatOverlapsLiesInDifferentLanes) {
  add(TrialState::complete, 100, 200);
  add(TrialState::complete, 110, 150);
  add(TrialState::pruned, 150, 180);
  add(TrialState::waiting, 0, 0);
  const Timeline found = timeline();
  ASSERT_EQ(found.bars.size(), 3u);
  EXPECT_EQ(found.lanes, 2);
  EXPECT_EQ(found.bars[0].lane, 0);
  EXPECT_EQ(found.bars[1].lane, 1);
  EXPECT_EQ(found.bars[2].lane, 1);
  EXPECT_EQ(found.from, 100);
  EXPECT_EQ(found.to, 200);
}

TEST_F(TimelineTest, EachHostHasItsOwnLanes) {
  add(TrialState::complete, 100, 200).user_attrs["host"] = "two";
  add(TrialState::complete, 300, 400);
  run().info.status.host = "one";
  const Timeline found = timeline();
  ASSERT_EQ(found.hosts.size(), 2u);
  EXPECT_EQ(found.hosts[0].name, "one");
  EXPECT_EQ(found.hosts[1].name, "two");
  EXPECT_EQ(found.hosts[1].first_lane, 1);
  EXPECT_EQ(found.bars[0].lane, 1);
}

TEST_F(TimelineTest, ATrialThatTrainsReachesUntilNow) {
  add(TrialState::running, 900, 0);
  const Timeline found = timeline();
  EXPECT_TRUE(found.bars[0].open);
  EXPECT_EQ(found.bars[0].to, 1000);
}

TEST_F(TimelineTest, ATrialOfASweepThatWasStoppedEndsWhereItsRunDid) {
  add(TrialState::running, 100, 0);
  run().info.status.state = RunState::stopped;
  views_.back()->info.status.ended_seconds = 160;
  EXPECT_EQ(timeline().bars[0].to, 160);
  EXPECT_FALSE(timeline().bars[0].open);
}

TEST_F(TimelineTest, OneWhoseWorkerWasKilledEndsWithItsLogOrWithWhatItTrained) {
  add(TrialState::running, 100, 0);
  RunView& killed = run();
  killed.info.status.state = RunState::interrupted;
  killed.info.status.started_seconds = 105;
  killed.info.status.training_seconds = 40;
  EXPECT_EQ(timeline().bars[0].to, 145);
  auto data = std::make_shared<RunData>();
  data->scalars["loss/train"].push_back({1, 147.0, 0.5});
  killed.data = data;
  EXPECT_EQ(timeline().bars[0].to, 147);
  EXPECT_FALSE(timeline().bars[0].open);
}

TEST_F(TimelineTest, APauseIsSeenInTheLogOfARun) {
  add(TrialState::complete, 100, 300);
  auto data = std::make_shared<RunData>();
  for (int i = 0; i < 20; ++i) data->scalars["loss/train"].push_back({i, i < 10 ? 101.0 + i : 251.0 + i, 0.5});
  run().data = data;
  const Timeline found = timeline();
  ASSERT_EQ(found.bars.size(), 2u);
  EXPECT_EQ(found.bars[0].from, 100);
  EXPECT_EQ(found.bars[0].to, 110);
  EXPECT_TRUE(found.bars[0].goes_on);
  EXPECT_EQ(found.bars[1].from, 261);
  EXPECT_EQ(found.bars[1].to, 300);
  EXPECT_TRUE(found.bars[1].resumed);
}

TEST_F(TimelineTest, WithoutALogTheStatusTellsOfALaterStart) {
  add(TrialState::complete, 100, 300).user_attrs["paused_at"] = nullptr;
  RunStatus& status = run().info.status;
  status.started_seconds = 250;
  status.training_seconds = 80;
  const Timeline found = timeline();
  ASSERT_EQ(found.bars.size(), 2u);
  EXPECT_EQ(found.bars[0].to, 130);
  EXPECT_EQ(found.bars[1].from, 250);
}

TEST_F(TimelineTest, AWorkerThatTakesItsTimeToStartHasNotPaused) {
  add(TrialState::pruned, 100, 130).user_attrs["paused_at"] = 10;
  RunStatus& status = run().info.status;
  status.started_seconds = 105;
  status.ended_seconds = 125;
  status.training_seconds = 20;
  ASSERT_EQ(timeline().bars.size(), 1u);
  EXPECT_EQ(timeline().bars[0].from, 100);
}

TEST_F(TimelineTest, ATrialThatEndedWhileItWaitedTookItsSlotNoLonger) {
  add(TrialState::pruned, 100, 900).user_attrs["paused_at"] = 10;
  run().info.status.ended_seconds = 160;
  EXPECT_EQ(timeline().bars[0].to, 160);
}

TEST_F(TimelineTest, APausedTrialEndsWhereItsRunDid) {
  add(TrialState::running, 100, 0).user_attrs["paused_at"] = 300;
  run().info.status.ended_seconds = 160;
  const Timeline found = timeline();
  EXPECT_EQ(found.bars[0].to, 160);
  EXPECT_FALSE(found.bars[0].open);
}

}  // namespace
}  // namespace ablate
