#include "sweeps/launchers.h"

#include <gmock/gmock.h>

#include <fstream>

#include "runs/error.h"
#include "tests/sweeps/queue_fixture.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class LocalLauncherTest : public QueueTest {};

TEST_F(LocalLauncherTest, WhatIsOverForGoodStaysAsItIs) {
  const fs::path run = make_run("a"), next = make_run("b");
  LocalLauncher launcher(root_);
  launcher.submit({run});
  until_state(run, RunState::completed);
  launcher.submit({run, next});
  until_state(next, RunState::completed);
  EXPECT_THAT(diary(run), ElementsAre("start", "end"));
}

TEST_F(LocalLauncherTest, AStoppedRunGoesOnAndOneThatTrainsIsLeftAlone) {
  const fs::path run = make_run("a", {{"wait", true}});
  LocalLauncher launcher(root_);
  launcher.submit({run});
  until_state(run, RunState::running);
  launcher.submit({run});
  launcher.stop(run);
  until_state(run, RunState::stopped);
  launcher.stop(run);
  launcher.submit({run});
  until_state(run, RunState::running);
  let_finish(run);
  until_state(run, RunState::completed);
  EXPECT_THAT(diary(run), ElementsAre("start", "end", "start", "end"));
}

TEST_F(LocalLauncherTest, ARunThatCannotBeQueuedStaysAsItWas) {
  const fs::path run = make_run("a", {{"wait", true}});
  LocalLauncher launcher(root_);
  launcher.submit({run});
  until_state(run, RunState::running);
  launcher.stop(run);
  until_state(run, RunState::stopped);
  until_no_keeper();
  const fs::path waiting = root_ / ".ablate" / "queue" / "waiting";
  fs::remove(waiting);
  std::ofstream(waiting) << "in the way";
  EXPECT_THROW(launcher.submit({run}), Error);
  EXPECT_EQ(state(run), RunState::stopped);
  fs::remove(waiting);
  launcher.submit({run});
  until_state(run, RunState::running);
  let_finish(run);
  until_state(run, RunState::completed);
}

TEST_F(LocalLauncherTest, RefreshingAttendsToRunsWhoseKeeperWasKilled) {
  const fs::path first = make_run("a", {{"wait", true}}), second = make_run("b");
  LocalLauncher launcher(root_, 1);
  launcher.submit({first, second});
  until_state(first, RunState::running);
  kill_keeper();
  until_no_keeper();
  let_finish(first);
  until_state(first, RunState::completed);
  EXPECT_EQ(state(second), RunState::queued);
  launcher.refresh({first, second});
  until_state(second, RunState::completed);
}

}  // namespace
}  // namespace ablate
