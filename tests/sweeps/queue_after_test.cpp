// Priorities, and runs that come after others.
#include <gmock/gmock.h>

#include "experiments/after.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "sweeps/turn.h"
#include "tests/sweeps/queue_fixture.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(QueueTest, HigherPrioritiesStartFirst) {
  const fs::path first = make_run("a", {{"wait", true}}), low = make_run("b"), usual = make_run("c"),
                 high = make_run("d");
  LocalQueue queue(root_);
  queue.submit({first}, 1);
  until_state(first, RunState::running);
  queue.submit({low}, 0, -1);
  queue.submit({usual});
  queue.submit({high}, 0, 5);
  EXPECT_THAT(queue.waiting(), ElementsAre(high, usual, low));
  EXPECT_EQ(queue.priority(high), 5);
  EXPECT_EQ(queue.priority(first), std::nullopt);
}

TEST_F(QueueTest, OneWhoseFileDoesNotNameTheRunToWaitForSaysSo) {
  const fs::path run = make_run("a");
  nlohmann::json document = *read_json_file(run / "run.json");
  document["after"] = {{"run", 5}, {"from", 400}};
  write_json_file(run / "run.json", document);
  EXPECT_EQ(after_of(document)->from, "400");
  LocalQueue queue(root_);
  queue.submit({run});
  until("it says why it waits", [&] { return !waiting(run).empty(); });
  EXPECT_THAT(waiting(run), HasSubstr("without the run to wait for"));
  EXPECT_EQ(state(run), RunState::queued);
  EXPECT_TRUE(queue.withdraw(run));
}

TEST_F(QueueTest, APriorityCanChangeWhileARunWaits) {
  const fs::path first = make_run("a", {{"wait", true}}), second = make_run("b", {{"wait", true}}),
                 third = make_run("c", {{"wait", true}});
  LocalQueue queue(root_);
  queue.submit({first, second, third}, 1);
  until_state(first, RunState::running);
  EXPECT_TRUE(queue.set_priority(third, 1));
  EXPECT_FALSE(queue.set_priority(first, 1)) << "it trains";
  kill_keeper();
  until_no_keeper();
  EXPECT_THAT(queue.waiting(), ElementsAre(third, second));
  queue.keep_going();
  let_finish(first);
  until_state(third, RunState::running);
  EXPECT_THAT(queue.waiting(), ElementsAre(second));
}

TEST_F(QueueTest, ARunThatWaitsIsMovedBeforeAllOthersOrBehindThem) {
  const fs::path first = make_run("a", {{"wait", true}}), second = make_run("b"), third = make_run("c"),
                 urgent = make_run("d");
  LocalQueue queue(root_);
  queue.submit({first, second, third}, 1);
  until_state(first, RunState::running);
  queue.submit({urgent}, 0, 5);
  move_in_queue(root_, info(third), QueueEnd::first);
  EXPECT_THAT(queue.waiting(), ElementsAre(third, urgent, second));
  move_in_queue(root_, info(urgent), QueueEnd::last);
  EXPECT_THAT(queue.waiting(), ElementsAre(third, second, urgent));
  move_in_queue(root_, info(urgent), QueueEnd::last);
  EXPECT_EQ(queue.priority(urgent), -1) << "it was there already";
  EXPECT_THROW(move_in_queue(root_, info(first), QueueEnd::last), Error) << "it trains";
}

TEST_F(QueueTest, ARunThatComesAfterAnotherWaitsUntilThatOneIsCompleted) {
  const fs::path first = make_run("a", {{"wait", true}}), second = make_run_after(first, "b"), other = make_run("c");
  LocalQueue queue(root_);
  queue.submit({second, first, other}, 2);
  until_state(other, RunState::completed);
  EXPECT_THAT(queue.waiting(), ElementsAre(second)) << "a place is free, but its time has not come";
  EXPECT_EQ(waiting(second), "");
  let_finish(first);
  until_state(second, RunState::completed);
}

TEST_F(QueueTest, WhatComesAfterAFailedRunSaysSoAndGoesOnOnceThatOneIsCompleted) {
  const fs::path first = make_run("a", {{"exit", 1}}), second = make_run_after(first, "b"),
                 third = make_run_after(second, "c");
  LocalQueue queue(root_);
  queue.submit({first, second, third});
  until_state(first, RunState::failed);
  until("it says why it waits", [&] { return waiting(second).find("is failed") != std::string::npos; });
  EXPECT_THAT(waiting(second), HasSubstr("ablate resume " + first.filename().string()));
  EXPECT_EQ(state(second), RunState::queued);
  kill_keeper();
  until_no_keeper();
  queue.keep_going();

  nlohmann::json healthy = *read_json_file(first / "run.json");
  healthy["stand_in"] = {{"wait", true}};
  write_json_file(first / "run.json", healthy);
  resume_run(root_, info(first));
  until_state(first, RunState::running);
  let_finish(first);
  until_state(third, RunState::completed);
  EXPECT_EQ(waiting(second), "");
}

TEST_F(QueueTest, NoKeeperStaysForWhatNothingWillComplete) {
  const fs::path first = make_run("a", {{"exit", 1}}), second = make_run_after(first, "b"),
                 third = make_run_after(second, "c");
  LocalQueue queue(root_);
  queue.submit({first, second, third});
  until_state(first, RunState::failed);
  until_no_keeper();
  EXPECT_THAT(queue.waiting(), ElementsAre(second, third));
  EXPECT_THAT(waiting(second), HasSubstr("resume"));
  EXPECT_THAT(waiting(third), HasSubstr("in vain"));
  stop_run(root_, info(second));
  EXPECT_EQ(state(second), RunState::stopped);
}

TEST_F(QueueTest, RunsThatComeAfterOneAnotherInACircleSaySo) {
  const fs::path first = make_run("a"), second = make_run_after(first, "b");
  nlohmann::json circle = *read_json_file(first / "run.json");
  circle["after"] = to_json(After{second.filename().string(), ""});
  write_json_file(first / "run.json", circle);
  for (const fs::path& run : {first, second}) {
    const Turn turn = turn_of(root_, After{run.filename().string(), ""});
    EXPECT_EQ(turn.kind, Turn::Kind::held_up);
    EXPECT_THAT(turn.words, HasSubstr("in vain"));
  }
}

TEST_F(QueueTest, WhatARunWaitsForCanBeStoppedDivergedOrGone) {
  const fs::path first = make_run("a");
  const After after{first.filename().string(), ""};
  const auto words = [&](RunState state) {
    RunStatus status;
    status.state = state;
    write_status(first, status);
    return turn_of(root_, after);
  };
  EXPECT_EQ(words(RunState::queued).kind, Turn::Kind::coming);
  EXPECT_EQ(words(RunState::completed).kind, Turn::Kind::come);
  EXPECT_THAT(words(RunState::stopped).words, AllOf(HasSubstr("is stopped"), HasSubstr("resume")));
  EXPECT_THAT(words(RunState::running).words, AllOf(HasSubstr("is interrupted"), HasSubstr("resume")));
  RunStatus told_to_end;
  told_to_end.state = RunState::interrupted;
  told_to_end.waiting = kWordOfCluster;
  write_status(first, told_to_end);
  EXPECT_EQ(turn_of(root_, after).kind, Turn::Kind::coming) << "it may wait again";
  EXPECT_THAT(words(RunState::diverged).words, AllOf(HasSubstr("will not be completed"), HasSubstr("Stop this run")));
  fs::remove_all(first);
  EXPECT_THAT(turn_of(root_, after).words, HasSubstr("not there any more"));
}

}  // namespace
}  // namespace ablate
