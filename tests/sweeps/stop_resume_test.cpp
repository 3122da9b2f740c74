#include <gmock/gmock.h>

#include <fstream>

#include "runs/error.h"
#include "runs/json_file.h"
#include "sweeps/launchers.h"
#include "sweeps/training_place.h"
#include "tests/sweeps/queue_fixture.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

template <class Do>
std::string error_of(Do&& what) {
  try {
    what();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

TEST_F(QueueTest, StoppingARunThatWaitsTakesItOutOfTheQueue) {
  const fs::path first = make_run("a", {{"wait", true}}), second = make_run("b");
  LocalQueue queue(root_);
  queue.submit({first, second}, 1);
  until_state(first, RunState::running);
  stop_run(root_, info(second));
  EXPECT_EQ(state(second), RunState::stopped);
  let_finish(first);
  until_no_keeper();
  EXPECT_THAT(diary(second), IsEmpty());
}

TEST_F(QueueTest, StoppingARunThatTrainsAsksItsWorker) {
  const fs::path run = make_run("a", {{"wait", true}});
  LocalQueue(root_).submit({run});
  until_state(run, RunState::running);
  stop_run(root_, info(run));
  until_state(run, RunState::stopped);
  EXPECT_THAT(error_of([&] { stop_run(root_, info(run)); }), HasSubstr("stopped"));
}

TEST_F(QueueTest, StoppingARunWhoseWorkerIsStillStartingIsNotLost) {
  const fs::path run = make_run("a", {{"hush", true}, {"wait", true}});
  LocalQueue queue(root_);
  queue.submit({run});
  until("the worker has started", [&] { return !diary(run).empty(); });
  EXPECT_EQ(state(run), RunState::queued);
  stop_run(root_, info(run));
  EXPECT_EQ(state(run), RunState::queued) << "only the worker knows where it is";
  EXPECT_TRUE(take_request(run, Request::stop));
}

TEST_F(QueueTest, WhatIsOverCannotBeStopped) {
  const fs::path run = make_run("a");
  LocalQueue(root_).submit({run});
  until_state(run, RunState::completed);
  EXPECT_THAT(error_of([&] { stop_run(root_, info(run)); }), HasSubstr("completed"));
}

TEST_F(QueueTest, AStoppedRunGoesOnWhenResumed) {
  const fs::path run = make_run("a", {{"wait", true}});
  LocalQueue queue(root_);
  queue.submit({run});
  until_state(run, RunState::running);
  stop_run(root_, info(run));
  until_state(run, RunState::stopped);
  request(run, Request::stop);  // One that came too late must not stop it again.
  resume_run(root_, info(run));
  until_state(run, RunState::running);
  let_finish(run);
  until_state(run, RunState::completed);
  EXPECT_THAT(diary(run), ElementsAre("start", "end", "start", "end"));
}

TEST_F(QueueTest, AFailedRunLosesItsErrorWhenResumed) {
  const fs::path run = make_run("a", {{"exit", 1}});
  RunStatus status;
  status.state = RunState::failed;
  status.error = "as before";
  status.step = 7;
  write_status(run, status);
  const fs::path blocker = make_run("b", {{"wait", true}});
  LocalQueue(root_).submit({blocker}, 1);
  until_state(blocker, RunState::running);
  resume_run(root_, info(run));
  EXPECT_EQ(state(run), RunState::queued);
  EXPECT_EQ(error(run), "");
  EXPECT_EQ(info(run).status.step, 7);
}

TEST_F(QueueTest, AQueuedRunThatTheQueueForgotCanBeResumed) {
  const fs::path run = make_run("a");
  resume_run(root_, info(run));
  until_state(run, RunState::completed);
}

TEST_F(QueueTest, ARunOfAnotherHostGoesOnHereOnlyWhenItsHeartbeatIsWhereTheWatcherLastSawIt) {
  const fs::path run = make_run("a");
  write_json_file(run / "status.json", {{"status", "running"}, {"host", "elsewhere"}, {"heartbeat", 7}});
  RunInfo watched = info(run);
  EXPECT_THAT(error_of([&] { resume_run(root_, watched); }), HasSubstr("running on elsewhere"));
  watched.status.state = RunState::interrupted;
  watched.status.heartbeat = 6;
  EXPECT_THAT(error_of([&] { resume_run(root_, watched); }), HasSubstr("running on elsewhere"));
  watched.status.heartbeat = 7;
  resume_run(root_, watched);
  until_state(run, RunState::completed);
}

TEST_F(QueueTest, ADamagedRunIsNotQueuedAgain) {
  const fs::path run = make_run("a");
  std::ofstream(run / "run.json") << "{";
  EXPECT_THAT(error_of([&] { resume_run(root_, info(run)); }), HasSubstr("run.json"));
  EXPECT_THAT(LocalQueue(root_).waiting(), IsEmpty());
}

TEST_F(QueueTest, NothingIsLeftOfRunsThatCannotBeQueued) {
  std::ofstream(root_ / ".ablate") << "a file where the queue's folder should be";
  Experiment experiment;
  experiment.name = "e";
  experiment.variants.push_back({"a", nlohmann::json::object()});
  EXPECT_THAT(error_of([&] { launch_runs(root_, experiment, *make_launcher(root_, {})); }),
              AllOf(HasSubstr(".ablate"), HasSubstr("no run is left")));
  EXPECT_THAT(list_runs(root_), IsEmpty());
}

TEST_F(QueueTest, WhereOnlySomeCouldBeSubmittedTheOthersAreTakenBack) {
  /// Takes two.
  class Half : public LocalLauncher {
   public:
    using LocalLauncher::LocalLauncher;
    void submit(const std::vector<fs::path>& runs) override {
      LocalLauncher::submit({runs[0], runs[1]});
      throw Error("No more.");
    }
  };
  Half launcher(root_, 1);
  set_machine({{"disk", 0}});  // Nothing begins.
  Experiment experiment;
  experiment.name = "e";
  for (const char* name : {"a", "b", "c"}) experiment.variants.push_back({name, nlohmann::json::object()});
  EXPECT_THAT(error_of([&] { launch_runs(root_, experiment, launcher); }), HasSubstr("No more. Nothing was launched"));
  EXPECT_THAT(list_runs(root_), IsEmpty());
  EXPECT_THAT(LocalQueue(root_).waiting(), IsEmpty());
}

TEST_F(QueueTest, WhatCannotGoOnSaysWhy) {
  const fs::path run = make_run("a");
  const auto refusal = [&](RunState state) {
    RunStatus status;
    status.state = state;
    write_status(run, status);
    return error_of([&] { resume_run(root_, info(run)); });
  };
  EXPECT_THAT(refusal(RunState::completed), HasSubstr("completed"));
  EXPECT_THAT(refusal(RunState::diverged), HasSubstr("optimizer.lr"));
  const std::optional<RunLock> lock = RunLock::try_acquire(run);
  EXPECT_THAT(refusal(RunState::running), HasSubstr("running"));
}

}  // namespace
}  // namespace ablate
