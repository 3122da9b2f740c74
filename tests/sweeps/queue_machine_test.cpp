// Where runs train, and what keeps them from it.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "tests/sweeps/queue_fixture.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

std::string gpu_of(const fs::path& run) {
  std::string gpu;
  std::ifstream(run / "gpu") >> gpu;
  return gpu;
}

TEST_F(QueueTest, EachWorkerSeesTheGpuThatWasChosenForIt) {
  set_machine({{"gpus", {{"GPU-a", 100, 90}, {"GPU-b", 100, 95}}}});
  std::vector<fs::path> runs;
  for (const char* slug : {"a", "b", "c"}) runs.push_back(make_run(slug, {{"wait", true}}));
  LocalQueue queue(root_);
  queue.submit(runs);
  until_state(runs[0], RunState::running);
  until_state(runs[1], RunState::running);
  until("both have said where they are", [&] { return !gpu_of(runs[0]).empty() && !gpu_of(runs[1]).empty(); });
  EXPECT_EQ(gpu_of(runs[0]), "GPU-b");
  EXPECT_EQ(gpu_of(runs[1]), "GPU-a");
  EXPECT_EQ(queue.waiting(), std::vector{runs[2]});
  let_finish(runs[1]);
  until_state(runs[2], RunState::running);
  until("it has said where it is", [&] { return !gpu_of(runs[2]).empty(); });
  EXPECT_EQ(gpu_of(runs[2]), "GPU-a");
}

TEST_F(QueueTest, ANewKeeperKnowsOnWhichGpuTheOldOneStartedWhat) {
  set_machine({{"gpus", {{"GPU-a", 100, 90}, {"GPU-b", 100, 95}}}});
  const fs::path first = make_run("a", {{"wait", true}}), second = make_run("b", {{"wait", true}});
  LocalQueue queue(root_);
  queue.submit({first});
  until_state(first, RunState::running);
  kill_keeper();
  until_no_keeper();
  queue.submit({second});
  until_state(second, RunState::running);
  until("it has said where it is", [&] { return !gpu_of(second).empty(); });
  EXPECT_EQ(gpu_of(second), "GPU-a");
}

TEST_F(QueueTest, ARunWaitsUntilAnotherProgramGivesAGpuBack) {
  set_machine({{"gpus", {{"GPU-a", 100, 10}}}});
  const fs::path run = make_run("a"),
                 on_processor = create_run(root_, "b", {{"config", {{"train", {{"device", "cpu"}}}}}});
  LocalQueue queue(root_);
  queue.submit({run, on_processor});
  until_state(on_processor, RunState::completed);
  EXPECT_EQ(queue.waiting(), std::vector{run});
  set_machine({{"gpus", {{"GPU-a", 100, 90}}}});
  until_state(run, RunState::completed);
}

TEST_F(QueueTest, OnAFullDiskRunsWaitAndSayWhy) {
  set_machine({{"disk", 3 << 20}});
  const fs::path run = make_run("a"), other = make_run("b");
  LocalQueue(root_).submit({run, other});
  for (const fs::path& each : {run, other}) {
    until("it says why it waits", [&] { return !waiting(each).empty(); });
    EXPECT_THAT(waiting(each), AllOf(HasSubstr("Only 3 MB are free"), HasSubstr("with 64 MB or more")));
    EXPECT_EQ(state(each), RunState::queued);
  }
  set_machine({});
  until_state(run, RunState::completed);
  until_state(other, RunState::completed);
  EXPECT_EQ(waiting(run), "");
}

TEST_F(QueueTest, RunsWaitForAWorkerThatIsBuiltAnew) {
  const fs::path worker = root_ / "worker";
  fs::create_symlink(ABLATE_BIN "/stand_in_worker", worker);
  ::setenv("ABLATE_TRAIN", worker.c_str(), 1);
  const fs::path first = make_run("a", {{"wait", true}}), second = make_run("b");
  LocalQueue(root_).submit({first, second}, 1);
  until_state(first, RunState::running);
  fs::remove(worker);
  let_finish(first);
  until("it says why it waits", [&] { return !waiting(second).empty(); });
  EXPECT_THAT(waiting(second), HasSubstr(worker.string()));
  fs::create_symlink(ABLATE_BIN "/stand_in_worker", worker);
  until_state(second, RunState::completed);
  EXPECT_EQ(waiting(second), "");
}

}  // namespace
}  // namespace ablate
