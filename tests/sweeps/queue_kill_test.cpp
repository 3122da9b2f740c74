// The keeper is killed with signal 9 while runs wait and train; nothing may be lost, nothing done twice.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <random>
#include <thread>

#include "tests/sweeps/queue_fixture.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(QueueTest, WorkersGoOnWhenTheirKeeperIsKilled) {
  const fs::path run = make_run("a", {{"wait", true}});
  LocalQueue(root_).submit({run});
  until_state(run, RunState::running);
  kill_keeper();
  until_no_keeper();
  EXPECT_EQ(state(run), RunState::running);
  let_finish(run);
  until_state(run, RunState::completed);
}

TEST_F(QueueTest, ANewKeeperCountsWhatTheOldOneStarted) {
  const fs::path first = make_run("a", {{"wait", true}}), second = make_run("b", {{"wait", true}}),
                 third = make_run("c", {{"wait", true}});
  LocalQueue queue(root_);
  queue.submit({first, second, third}, 1);
  until_state(first, RunState::running);
  kill_keeper();
  until_no_keeper();
  EXPECT_TRUE(queue.working(first));
  EXPECT_THAT(queue.waiting(), ElementsAre(second, third));
  queue.keep_going();
  until("a keeper is back", [&] { return keeper() != 0; });
  // It has looked around once it has let the first go, and then starts one more, not two.
  EXPECT_THAT(diary(second), IsEmpty());
  let_finish(first);
  until_state(second, RunState::running);
  EXPECT_EQ(state(first), RunState::completed);
  EXPECT_THAT(queue.waiting(), ElementsAre(third));
  EXPECT_THAT(diary(first), ElementsAre("start", "end"));
}

TEST_F(QueueTest, ARunWhoseWorkerDiesUnwatchedIsInterruptedAndCanBeResumed) {
  const fs::path run = make_run("a", {{"wait", true}});
  LocalQueue queue(root_);
  queue.submit({run});
  until_state(run, RunState::running);
  // The worker can't be known by its number here: without its folder's files it falls over, as in a crash of the
  // machine.
  kill_keeper();
  until_no_keeper();
  request(run, Request::stop);
  until_state(run, RunState::stopped);
  until_gone(run);
  RunStatus status = *read_status(run);
  status.state = RunState::running;
  write_status(run, status);
  EXPECT_EQ(state(run), RunState::interrupted);
  queue.keep_going();
  until_no_keeper();
  EXPECT_EQ(state(run), RunState::interrupted) << "it has begun, so it is for a person to resume it";
  resume_run(root_, info(run));
  until_state(run, RunState::running);
}

TEST_F(QueueTest, AKeeperKilledAtAnyMomentLosesNoRunAndTrainsNoneTwice) {
  std::mt19937 random(20261121);
  std::vector<fs::path> runs;
  for (int i = 0; i < 60; ++i) runs.push_back(make_run(fmt::format("r{}", i)));
  LocalQueue queue(root_);
  queue.submit(runs, 3);
  int kills = 0;
  while (!queue.waiting().empty()) {
    std::this_thread::sleep_for(std::chrono::microseconds(std::uniform_int_distribution(0, 15000)(random)));
    kills += keeper() != 0;
    kill_keeper();
    queue.keep_going();
  }
  // A keeper that is dying still counts as alive for a moment, so this is asked until nothing is left.
  until("nothing is left in hand", [&] {
    queue.keep_going();
    return fs::is_empty(root_ / ".ablate/queue/started") && queue.waiting().empty();
  });
  for (const fs::path& run : runs) EXPECT_EQ(state(run), RunState::completed) << run;
  EXPECT_GE(kills, 5);
  for (const fs::path& run : runs) EXPECT_THAT(diary(run), ElementsAre("start", "end")) << run;
}

}  // namespace
}  // namespace ablate
