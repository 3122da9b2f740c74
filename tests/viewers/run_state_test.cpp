#include "viewers/run_state.h"

#include <gtest/gtest.h>

namespace ablate {
namespace {

std::shared_ptr<RunView> run_in(const std::string& name, RunState state) {
  auto view = std::make_shared<RunView>();
  view->root = "/root";
  view->info.id = view->info.name = name;
  view->info.folder = view->root / name;
  view->info.status.state = state;
  return view;
}

TEST(RunState, OfARunThatWaitsItsPlaceIsSaid) {
  const auto view = run_in("a", RunState::queued);
  const auto words = [&](int place) {
    view->queue_place = place;
    return state_words(*view);
  };
  EXPECT_EQ(words(0), "queued");
  EXPECT_EQ(words(1), "queued: next");
  EXPECT_EQ(words(2), "queued: 2nd");
  EXPECT_EQ(words(3), "queued: 3rd");
  EXPECT_EQ(words(4), "queued: 4th");
  EXPECT_EQ(words(11), "queued: 11th");
  EXPECT_EQ(words(12), "queued: 12th");
  EXPECT_EQ(words(21), "queued: 21st");
  EXPECT_EQ(words(112), "queued: 112th");
}

TEST(RunState, WhyARunWaitsIsWhatItsLauncherKnows) {
  const auto view = run_in("a", RunState::queued);
  view->queue_place = 3;
  EXPECT_EQ(why_it_waits({}, *view), "2 runs begin before it.");
  view->info.status.waiting = "No GPU has 20 GiB free.";
  EXPECT_EQ(why_it_waits({}, *view), "No GPU has 20 GiB free.");
}

TEST(RunState, WhatARunComesAfterIsNamedUntilThatIsCompleted) {
  Snapshot snapshot;
  const auto first = run_in("first", RunState::running), second = run_in("second", RunState::queued);
  second->after = "first";
  second->queue_place = 1;
  snapshot.runs = {first, second};
  EXPECT_EQ(why_it_waits(snapshot, *second), "It begins when first is completed.");
  first->info.status.state = RunState::completed;
  EXPECT_EQ(why_it_waits(snapshot, *second), "It begins as soon as there is a place.");
}

TEST(RunState, OnlyWhatTrainsOrWaitsToCanChangeItsLearningRate) {
  const auto view = run_in("a", RunState::running);
  EXPECT_FALSE(can_change_lr(*view)) << "nothing is known of its configuration";
  RunConfig config;
  view->config = std::make_shared<const RunConfig>(config);
  EXPECT_TRUE(can_change_lr(*view));
  view->info.status.state = RunState::completed;
  EXPECT_FALSE(can_change_lr(*view));
  view->info.status.state = RunState::running;
  config.set("lr_find.procedure", "fastai");
  view->config = std::make_shared<const RunConfig>(config);
  EXPECT_FALSE(can_change_lr(*view)) << "a range test";
}

}  // namespace
}  // namespace ablate
