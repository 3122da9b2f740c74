#include <gmock/gmock.h>
#include <signal.h>

#include <cstdlib>
#include <fstream>

#include "runs/error.h"
#include "tests/sweeps/queue_fixture.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(QueueTest, EveryRunIsTrainedAndTheKeeperLeaves) {
  const std::vector<fs::path> runs = {make_run("a"), make_run("b"), make_run("c")};
  LocalQueue(root_).submit(runs);
  for (const fs::path& run : runs) until_state(run, RunState::completed);
  until_no_keeper();
  EXPECT_THAT(LocalQueue(root_).waiting(), IsEmpty());
  EXPECT_TRUE(fs::is_empty(root_ / ".ablate/queue/started"));
  for (const fs::path& run : runs) EXPECT_THAT(diary(run), ElementsAre("start", "end"));
}

TEST_F(QueueTest, AKeeperStaysForAMomentAndTakesTheNextRunToo) {
  set_machine({{"linger", 60000}});
  const fs::path first = make_run("a"), second = make_run("b");
  LocalQueue(root_).submit({first});
  until_state(first, RunState::completed);
  until_gone(first);
  const pid_t process = keeper();
  EXPECT_NE(process, 0);
  LocalQueue(root_).submit({second});
  until_state(second, RunState::completed);
  EXPECT_EQ(keeper(), process);
  kill_keeper();
}

TEST_F(QueueTest, RunsStartInTheOrderOfSubmission) {
  const fs::path first = make_run("z", {{"wait", true}}), second = make_run("y", {{"wait", true}}),
                 third = make_run("x", {{"wait", true}});
  LocalQueue queue(root_);
  queue.submit({first, second}, 1);
  queue.submit({third});
  until_state(first, RunState::running);
  EXPECT_THAT(queue.waiting(), ElementsAre(second, third));
  let_finish(first);
  until_state(second, RunState::running);
  EXPECT_THAT(queue.waiting(), ElementsAre(third));
}

TEST_F(QueueTest, AsManyTrainAtOnceAsThereAreSlots) {
  std::vector<fs::path> runs;
  for (const char* slug : {"a", "b", "c"}) runs.push_back(make_run(slug, {{"wait", true}}));
  LocalQueue queue(root_);
  queue.submit(runs, 2);
  until_state(runs[0], RunState::running);
  until_state(runs[1], RunState::running);
  EXPECT_THAT(queue.waiting(), ElementsAre(runs[2]));
  EXPECT_TRUE(queue.working(runs[0]));
  EXPECT_FALSE(queue.working(runs[2]));
  let_finish(runs[1]);
  until_state(runs[2], RunState::running);
}

TEST_F(QueueTest, TheNumberOfSlotsHoldsUntilTheQueueIsEmpty) {
  const fs::path first = make_run("a", {{"wait", true}}), second = make_run("b", {{"wait", true}}),
                 third = make_run("c", {{"wait", true}});
  LocalQueue queue(root_);
  queue.submit({first, second, third}, 1);
  until_state(first, RunState::running);
  queue.submit({make_run("d")});  // Says nothing about slots.
  EXPECT_EQ(queue.waiting().size(), 3u);
  queue.submit({}, 3);
  until_state(second, RunState::running);
  until_state(third, RunState::running);
  for (const fs::path& run : {first, second, third}) let_finish(run);
  until_no_keeper();
  EXPECT_FALSE(fs::exists(root_ / ".ablate/queue/slots"));
}

TEST_F(QueueTest, WorkersGetTheirShareOfTheCores) {
  const fs::path run = make_run("a");
  LocalQueue(root_).submit({run}, 1);
  until_state(run, RunState::completed);
  int threads = 0;
  std::ifstream(run / "threads") >> threads;
  EXPECT_EQ(threads, slots_for(1).threads_each);
}

TEST_F(QueueTest, DefaultSlotsUseEveryCoreOnce) {
  const Slots slots = default_slots();
  EXPECT_GE(slots.workers, 1);
  EXPECT_GE(slots.threads_each, 1);
  EXPECT_EQ(slots_for(slots.workers).threads_each, slots.threads_each);
  EXPECT_EQ(slots_for(100000).threads_each, 1);
}

TEST_F(QueueTest, ARunSubmittedTwiceIsTrainedOnce) {
  const fs::path first = make_run("a", {{"wait", true}}), second = make_run("b");
  LocalQueue queue(root_);
  queue.submit({first, second, second}, 1);
  queue.submit({first, second});
  until_state(first, RunState::running);
  EXPECT_THAT(queue.waiting(), ElementsAre(second));
  let_finish(first);
  until_state(second, RunState::completed);
  until_no_keeper();
  EXPECT_THAT(diary(second), ElementsAre("start", "end"));
}

TEST_F(QueueTest, OneKeeperIsEnough) {
  const fs::path run = make_run("a", {{"wait", true}});
  LocalQueue queue(root_);
  queue.submit({run});
  until_state(run, RunState::running);
  const pid_t keeper_before = keeper();
  queue.keep();  // Returns, since another one keeps.
  queue.keep_going();
  queue.submit({make_run("b")});
  EXPECT_EQ(keeper(), keeper_before);
}

TEST_F(QueueTest, ARunThatWaitsCanBeWithdrawn) {
  const fs::path first = make_run("a", {{"wait", true}}), second = make_run("b");
  LocalQueue queue(root_);
  queue.submit({first, second}, 1);
  until_state(first, RunState::running);
  EXPECT_TRUE(queue.withdraw(second));
  EXPECT_FALSE(queue.withdraw(second));
  EXPECT_FALSE(queue.withdraw(first)) << "it trains already";
  EXPECT_THAT(queue.waiting(), IsEmpty());
}

TEST_F(QueueTest, ARunWhoseFolderIsGoneHoldsNobodyUp) {
  const fs::path first = make_run("a", {{"wait", true}}), gone = make_run("b"), third = make_run("c");
  LocalQueue queue(root_);
  queue.submit({first, gone, third}, 1);
  until_state(first, RunState::running);
  fs::remove_all(gone);
  let_finish(first);
  until_state(third, RunState::completed);
  EXPECT_FALSE(fs::exists(gone));
}

TEST_F(QueueTest, AFolderThatVanishesWhileItTrainsHoldsNobodyUp) {
  const fs::path first = make_run("a", {{"hush", true}, {"wait", true}}), second = make_run("b");
  LocalQueue queue(root_);
  queue.submit({first, second}, 1);
  until("it has started", [&] { return queue.working(first) && !diary(first).empty(); });
  fs::rename(first, root_ / "elsewhere");
  fs::create_directories(first);
  let_finish(first);  // The worker finds its folder without a run's files in it.
  until_state(second, RunState::completed);
}

TEST_F(QueueTest, AKeeperWhoseFolderIsRemovedLeavesAndPutsNothingBack) {
  set_machine({{"linger", 60000}});
  const fs::path run = make_run("a");
  LocalQueue(root_).submit({run});
  until_state(run, RunState::completed);
  until_gone(run);
  ASSERT_NE(keeper(), 0);
  fs::remove(root_ / ".ablate/queue/lock");  // The first step of a removal.
  until_no_keeper();
  EXPECT_FALSE(fs::exists(root_ / ".ablate/queue/lock"));
}

TEST_F(QueueTest, WithoutAWorkerProgramNothingIsQueued) {
  const fs::path run = make_run("a");
  ::setenv("ABLATE_TRAIN", "/nowhere/ablate-train", 1);
  try {
    LocalQueue(root_).submit({run});
    FAIL();
  } catch (const Error& problem) {
    EXPECT_THAT(problem.what(), HasSubstr("/nowhere/ablate-train"));
    EXPECT_THAT(problem.what(), HasSubstr("Build it"));
  }
  EXPECT_THAT(LocalQueue(root_).waiting(), IsEmpty());
  EXPECT_EQ(state(run), RunState::queued);
}

TEST_F(QueueTest, ARootThatCannotBeWrittenIsNamed) {
  const fs::path file = root_ / "file";
  std::ofstream(file) << "not a folder";
  try {
    LocalQueue(file).submit({});
    FAIL();
  } catch (const Error& problem) {
    EXPECT_THAT(problem.what(), HasSubstr(file.string()));
  }
  fs::remove(file);
}

TEST_F(QueueTest, AWorkerKilledFromOutsideIsReportedSo) {
  const fs::path run = make_run("a", {{"die", SIGKILL}});
  LocalQueue(root_).submit({run});
  until_state(run, RunState::failed);
  EXPECT_THAT(error(run), HasSubstr("killed from outside"));
  EXPECT_THAT(error(run), HasSubstr("Resume"));
  EXPECT_GT(info(run).status.ended_seconds, 0);
}

TEST_F(QueueTest, ACrashIsReportedWithItsSignal) {
  const fs::path run = make_run("a", {{"die", SIGSEGV}});
  LocalQueue(root_).submit({run});
  until_state(run, RunState::failed);
  EXPECT_THAT(error(run), HasSubstr("SIGSEGV"));
  EXPECT_THAT(error(run), HasSubstr((run / "console.log").string()));
}

TEST_F(QueueTest, AnEarlyExitIsReportedWithItsLastWords) {
  const fs::path run = make_run("a", {{"exit", 3}});
  LocalQueue(root_).submit({run});
  until_state(run, RunState::failed);
  EXPECT_THAT(error(run), HasSubstr("exit code 3"));
  EXPECT_THAT(error(run), HasSubstr("sad words"));
}

TEST_F(QueueTest, AWorkerLockedOutByAnotherLeavesItsStatusAlone) {
  const fs::path run = make_run("a");
  std::optional<RunLock> lock = RunLock::try_acquire(run);
  ASSERT_TRUE(lock);
  RunStatus status;
  status.state = RunState::running;
  write_status(run, status);
  LocalQueue(root_).submit({run});
  until("the worker has been and gone", [&] { return diary(run).size() == 2; });
  until_no_keeper();
  EXPECT_EQ(state(run), RunState::running);
}

TEST_F(QueueTest, TheForegroundSaysHowTheWorkerEnded) {
  int polls = 0;
  const RunStatus status = run_in_foreground(make_run("a", {{"die", SIGABRT}}), [&] { ++polls; });
  EXPECT_EQ(status.state, RunState::failed);
  EXPECT_THAT(status.error, HasSubstr("SIGABRT"));
  EXPECT_GE(polls, 1);
}

TEST_F(QueueTest, OneInterruptStopsTheForegroundRun) {
  const fs::path run = make_run("a", {{"wait", true}});
  bool sent = false;
  const RunStatus status = run_in_foreground(run, [&] {
    if (!sent && state(run) == RunState::running) sent = ::raise(SIGINT) == 0;
  });
  EXPECT_EQ(status.state, RunState::stopped);
}

TEST_F(QueueTest, ASecondInterruptKillsAForegroundRunThatDoesNotStop) {
  const fs::path run = make_run("a", {{"hush", true}});  // Doesn't look at requests.
  int sent = 0;
  const RunStatus status = run_in_foreground(run, [&] {
    if (sent < 2 && !diary(run).empty()) sent += ::raise(SIGINT) == 0;
  });
  EXPECT_EQ(status.state, RunState::stopped);
  EXPECT_THAT(status.error, HasSubstr("second Ctrl-C"));
}

}  // namespace
}  // namespace ablate
