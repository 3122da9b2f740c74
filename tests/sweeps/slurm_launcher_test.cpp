#include "sweeps/slurm_launcher.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "runs/error.h"
#include "tests/sweeps/slurm_fixture.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const nlohmann::json kWait = {{"wait", true}};

/// What takes away from a run where it trains.
class SlurmOutageTest : public SlurmTest {};

template <class Do>
std::string complaint(Do&& what) {
  try {
    what();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

SlurmOptions whole_node() {
  SlurmOptions options;
  options.cpus = 4;
  return options;
}

TEST_F(SlurmTest, WhatAnotherUserSubmittedIsLeftToThatUser) {
  const fs::path run = make_run("a");
  RunStatus status;
  status.launcher = "slurm";
  status.job = "999999_0";  // Which this user's squeue does not show.
  write_status(run, status);
  write_slurm_options(run, {});
  const auto submitted_by = [&](int user) {
    nlohmann::json document = *read_json_file(run / "slurm.json");
    document["user"] = user;
    write_json_file(run / "slurm.json", document);
  };
  submitted_by(65534);
  refresh(run);
  SlurmLauncher(root_).submit({run});
  EXPECT_EQ(state(run), RunState::queued);
  EXPECT_EQ(job(run), "999999_0");
  SlurmLauncher(root_).stop(run);
  EXPECT_EQ(state(run), RunState::queued);
  EXPECT_TRUE(take_request(run, Request::stop)) << "that its worker obeys when it starts";
  EXPECT_TRUE(awaits_another_user(info(run)));

  submitted_by(static_cast<int>(::getuid()));
  refresh(run);
  EXPECT_EQ(state(run), RunState::stopped) << "of one's own";
}

TEST_F(SlurmTest, AnOlderJobsEndSaysNothingOfALaterJobThatWasLost) {
  const fs::path run = make_run("a");
  SlurmLauncher(root_).submit({run});
  until_state(run, RunState::completed);
  RunStatus status = info(run).status;
  status.state = RunState::queued;
  status.job = "999999_0";
  write_status(run, status);
  until_refreshed(run, RunState::stopped);
  EXPECT_THAT(info(run).status.error, Not(HasSubstr("COMPLETED")));
}

TEST_F(SlurmTest, WhatAnotherUserCouldNotSubmitAnybodyMay) {
  const fs::path run = make_run("a");
  write_json_file(run / "slurm.json", {{"partition", "nosuch"}, {"user", 65534}});
  SlurmLauncher(root_, SlurmOptions{}).submit({run});
  until_state(run, RunState::completed);
}

TEST_F(SlurmTest, RunsThatAreSubmittedTogetherAreOneArrayJob) {
  const std::vector<fs::path> runs = {make_run("a"), make_run("b"), make_run("c")};
  SlurmLauncher(root_).submit(runs);
  for (const fs::path& run : runs) until_state(run, RunState::completed);
  const std::string number = job(runs[0]).substr(0, job(runs[0]).find('_'));
  EXPECT_EQ(job(runs[0]), number + "_0");
  EXPECT_EQ(job(runs[2]), number + "_2");
  EXPECT_EQ(info(runs[1]).status.launcher, "slurm");
}

TEST_F(SlurmTest, ARunThatWaitsForTheClusterSaysWhy) {
  const fs::path first = make_run("a", kWait), second = make_run("b");
  SlurmLauncher launcher(root_, whole_node());
  launcher.submit({first});
  until_state(first, RunState::running);
  launcher.submit({second});
  until("Slurm says why", [&] {
    refresh(second);
    return waiting(second).find("Resources") != std::string::npos;
  });
  EXPECT_EQ(state(second), RunState::queued);
  EXPECT_EQ(job_state(job(second)), "PENDING");
  let_finish(first);
  until_state(second, RunState::completed);
  EXPECT_EQ(waiting(second), "");
}

TEST_F(SlurmTest, NoMoreRunsOfASubmissionWorkAtOnceThanThereAreSlots) {
  SlurmOptions options;
  options.slots = 1;
  const fs::path first = make_run("a", kWait), second = make_run("b");
  SlurmLauncher(root_, options).submit({first, second});
  until_state(first, RunState::running);
  until("the other waits for a slot", [&] {
    refresh(second);
    return waiting(second).find("JobArrayTaskLimit") != std::string::npos;
  });
  let_finish(first);
  until_state(second, RunState::completed);
}

TEST_F(SlurmTest, StoppingOneThatWaitsTakesItOutOfSlurmsQueue) {
  const fs::path first = make_run("a", kWait), second = make_run("b");
  SlurmLauncher launcher(root_, whole_node());
  launcher.submit({first});
  until_state(first, RunState::running);
  launcher.submit({second});
  launcher.stop(second);
  EXPECT_EQ(state(second), RunState::stopped);
  EXPECT_NE(job_state(job(second)), "PENDING");
  EXPECT_THAT(diary(second), IsEmpty());
  EXPECT_EQ(state(first), RunState::running);
}

TEST_F(SlurmTest, StoppingOneThatWaitsLeavesTheOthersOfItsArray) {
  const std::vector<fs::path> runs = {make_run("a", kWait), make_run("b"), make_run("c")};
  SlurmOptions one_at_once;
  one_at_once.slots = 1;
  SlurmLauncher launcher(root_, one_at_once);
  launcher.submit(runs);
  until_state(runs[0], RunState::running);
  launcher.stop(runs[1]);
  EXPECT_EQ(state(runs[1]), RunState::stopped);
  let_finish(runs[0]);
  until_refreshed(runs[2], RunState::completed);
  EXPECT_THAT(diary(runs[1]), IsEmpty());
}

TEST_F(SlurmTest, StoppingOneThatTrainsAsksItsWorkerAndItGoesOnWithTheSameOptions) {
  const fs::path run = make_run("a", kWait);
  SlurmOptions options;
  options.lines = {"--comment=\"as before\""};
  SlurmLauncher(root_, options).submit({run});
  until_state(run, RunState::running);
  stop_run(root_, info(run));
  until_state(run, RunState::stopped);
  const std::string first = job(run);
  resume_run(root_, info(run));
  until_state(run, RunState::running);
  EXPECT_NE(job(run), first);
  EXPECT_THAT(slurm({"scontrol", "show", "job", job(run)}), HasSubstr("Comment=as before"));
  EXPECT_THAT(diary(run), ElementsAre("start", "end", "start"));
}

TEST_F(SlurmTest, ARunThatIsSubmittedAgainHasOneJob) {
  const fs::path first = make_run("a", kWait), second = make_run("b", kWait);
  SlurmLauncher(root_, whole_node()).submit({first, second});
  until("one of them trains", [&] { return state(first) == RunState::running || state(second) == RunState::running; });
  SlurmLauncher(root_).submit({first, second});
  SlurmLauncher(root_).submit({second});
  EXPECT_EQ(std::ranges::count_if(
                slurm_jobs(), [&](const SlurmJob& each) { return each.script.string().starts_with(root_.string()); }),
            2);
}

TEST_F(SlurmTest, AJobIsFoundWhoseSubmitterDiedBeforeItCouldNoteIt) {
  const fs::path first = make_run("a", kWait), second = make_run("b", kWait);
  SlurmLauncher(root_, whole_node()).submit({first});
  until_state(first, RunState::running);
  SlurmLauncher(root_, whole_node()).submit({second});
  const std::string noted = job(second);
  RunStatus status = info(second).status;
  status.job.clear();
  write_status(second, status);
  refresh(second);
  EXPECT_EQ(job(second), noted);
  EXPECT_EQ(state(second), RunState::queued);
}

TEST_F(SlurmTest, ARunWhoseSubmitterDiedBeforeThereWasAJobSaysSoAndCanBeSubmitted) {
  const fs::path run = make_run("a");
  RunStatus status;
  status.launcher = "slurm";
  write_status(run, status);
  refresh(run);
  EXPECT_EQ(state(run), RunState::queued);
  EXPECT_THAT(waiting(run), HasSubstr("no job"));
  resume_run(root_, info(run));
  until_state(run, RunState::completed);
}

TEST_F(SlurmOutageTest, ARequeuedRunWaitsAgainAndGoesOn) {
  const fs::path run = make_run("a", kWait);
  SlurmLauncher(root_).submit({run});
  until_state(run, RunState::running);
  const std::string before = job(run);
  slurm({"scontrol", "requeue", before});
  until_state(run, RunState::interrupted);
  SlurmLauncher(root_).submit({run});  // Which waits until it is known that it needs no other job.
  EXPECT_EQ(state(run), RunState::queued);
  until_state(run, RunState::running);
  EXPECT_EQ(job(run), before);
  EXPECT_THAT(diary(run), ElementsAre("start", "end", "start"));
}

TEST_F(SlurmOutageTest, APreemptedRunMakesRoomAndGoesOn) {
  const fs::path run = make_run("a", kWait), urgent = make_run("b", kWait);
  SlurmLauncher(root_, whole_node()).submit({run});
  until_state(run, RunState::running);
  SlurmOptions options = whole_node();
  options.partition = "urgent";
  SlurmLauncher(root_, options).submit({urgent});
  until_state(urgent, RunState::running);
  until_refreshed(run, RunState::queued);
  EXPECT_EQ(error(run), "");
  EXPECT_THAT(waiting(run), HasSubstr("waits in Slurm"));
  let_finish(urgent);
  until_state(run, RunState::running);
}

TEST_F(SlurmTest, AStageBeginsWhenTheOneBeforeIsCompleted) {
  const fs::path first = make_run("a", kWait), second = make_run_after(first, "b"), third = make_run_after(second, "c");
  SlurmLauncher launcher(root_);
  launcher.submit({third, second, first});
  until_state(first, RunState::running);
  refresh(third);
  refresh(second);
  EXPECT_THAT(info(second).status.waiting, HasSubstr("comes after"));
  EXPECT_EQ(state(third), RunState::queued);
  let_finish(first);
  until_state(third, RunState::completed);
  EXPECT_EQ(state(second), RunState::completed);
}

TEST_F(SlurmTest, AStageAfterAFailedRunSaysSoAndGoesOnOnceThatOneIsCompleted) {
  const fs::path first = make_run("a", {{"exit", 1}}), second = make_run_after(first, "b");
  SlurmLauncher(root_).submit({first, second});
  until("it says that it waits in vain", [&] {
    refresh(second);
    return info(second).status.waiting.find("in vain") != std::string::npos;
  });
  until_refreshed(first, RunState::failed);
  EXPECT_THAT(complaint([&] { SlurmLauncher(root_).submit({second}); }), HasSubstr("ablate resume"));
  refresh(second);
  EXPECT_EQ(state(second), RunState::queued) << "it is as it was";

  nlohmann::json healthy = *read_json_file(first / "run.json");
  healthy.erase("stand_in");
  write_json_file(first / "run.json", healthy);
  SlurmLauncher(root_).submit({first});
  until_state(second, RunState::completed);
  EXPECT_EQ(state(first), RunState::completed);
}

TEST_F(SlurmTest, ARunOfThisMachineIsNotWaitedFor) {
  const fs::path first = make_run("a", kWait), second = make_run_after(first, "b");
  EXPECT_THAT(complaint([&] { SlurmLauncher(root_).submit({second}); }), HasSubstr("no job of Slurm"));
  EXPECT_EQ(state(second), RunState::queued);
}

TEST_F(SlurmTest, ARunCancelledFromOutsideSaysSoAndCanGoOn) {
  const fs::path run = make_run("a", kWait);
  SlurmLauncher(root_).submit({run});
  until_state(run, RunState::running);
  slurm({"scancel", job(run)});
  until_refreshed(run, RunState::stopped);
  EXPECT_THAT(error(run), HasSubstr("cancelled in Slurm"));
  resume_run(root_, info(run));
  EXPECT_EQ(error(run), "");
  until_state(run, RunState::running);
}

TEST_F(SlurmTest, ARunCancelledBeforeItBeganSaysSo) {
  const fs::path first = make_run("a", kWait), second = make_run("b"), third = make_run("c", kWait);
  SlurmLauncher(root_, whole_node()).submit({first});
  until_state(first, RunState::running);
  SlurmLauncher(root_, whole_node()).submit({second, third});
  slurm({"scancel", job(second)});
  until_refreshed(second, RunState::stopped);
  EXPECT_THAT(error(second), HasSubstr("never began"));
  EXPECT_EQ(state(third), RunState::queued);
}

TEST_F(SlurmTest, AWorkerThatDiedWithoutAWordIsToldOf) {
  const fs::path killed = make_run("a", {{"die", SIGKILL}}), sad = make_run("b", {{"exit", 3}});
  SlurmLauncher(root_).submit({killed, sad});
  until_refreshed(killed, RunState::failed);
  until_refreshed(sad, RunState::failed);
  EXPECT_THAT(error(killed), HasSubstr(job(killed) + " ended as FAILED"));
  EXPECT_THAT(error(sad), EndsWith("Its last words: sad words"));
}

TEST_F(SlurmTest, AJobThatSlurmHasForgottenIsToldOf) {
  const fs::path run = make_run("a");
  RunStatus status;
  status.launcher = "slurm";
  status.job = "999999_0";
  status.state = RunState::running;
  write_status(run, status);
  refresh(run);
  EXPECT_EQ(state(run), RunState::interrupted);
  EXPECT_THAT(error(run), HasSubstr("999999_0 is no longer known"));
}

TEST_F(SlurmOutageTest, ARunWhoseNodeFailedSaysSo) {
  const fs::path run = make_run("a", kWait);
  SlurmOptions options;
  options.requeue = false;
  SlurmLauncher(root_, options).submit({run});
  until_state(run, RunState::running);
  slurm({"scontrol", "update", "nodename=" + host_name(), "state=down", "reason=broken"});
  until("it is over", [&] {
    refresh(run);
    return !error(run).empty();
  });
  EXPECT_EQ(state(run), RunState::interrupted);
  EXPECT_THAT(error(run), HasSubstr("lost its node"));
  cluster("repair_node");
}

TEST_F(SlurmOutageTest, ARunForADrainedNodeWaitsUntilItIsBack) {
  slurm({"scontrol", "update", "nodename=" + host_name(), "state=drain", "reason=repairs"});
  const fs::path run = make_run("a");
  SlurmLauncher(root_).submit({run});
  until("it says why it waits", [&] {
    refresh(run);
    return waiting(run).find("drained") != std::string::npos;
  });
  EXPECT_EQ(state(run), RunState::queued);
  cluster("repair_node");
  until_state(run, RunState::completed);
}

TEST_F(SlurmTest, WhatSlurmRefusesIsToldAndTheRunsAreAsTheyWere) {
  const fs::path run = make_run("a");
  SlurmOptions options;
  options.partition = "nosuch";
  EXPECT_THAT(complaint([&] { SlurmLauncher(root_, options).submit({run}); }), HasSubstr("invalid partition"));
  EXPECT_EQ(std::distance(fs::directory_iterator(root_ / ".ablate/slurm"), {}), 1) << "the lock, and no submission";
  EXPECT_EQ(state(run), RunState::queued);
  SlurmLauncher(root_, SlurmOptions{}).submit({run});
  until_state(run, RunState::completed);
}

TEST_F(SlurmTest, WithoutSbatchItSaysSo) {
  const fs::path run = make_run("a");
  const std::string path = ::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  const std::string error = complaint([&] { SlurmLauncher(root_).submit({run}); });
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_THAT(error, HasSubstr("on the PATH"));
  EXPECT_EQ(state(run), RunState::queued);
}

TEST_F(SlurmOutageTest, WithoutAControllerRunsGoOnAndNothingIsLost) {
  const fs::path trains = make_run("a", kWait), waits = make_run("b", kWait), later = make_run("c");
  SlurmLauncher(root_, whole_node()).submit({trains});
  until_state(trains, RunState::running);
  SlurmLauncher(root_, whole_node()).submit({waits});
  cluster("stop_controller");
  EXPECT_THAT(complaint([&] { SlurmLauncher(root_).submit({later}); }), HasSubstr("contact slurm controller"));
  EXPECT_EQ(state(later), RunState::queued);
  SlurmLauncher watching(root_);
  EXPECT_THAT(complaint([&] { watching.refresh({trains, waits}); }), HasSubstr("contact slurm controller"));
  EXPECT_THAT(complaint([&] {
                watching.refresh({trains, waits});
              }),
              HasSubstr("contact slurm controller"))
      << "at once, and without asking";
  EXPECT_EQ(state(waits), RunState::queued);
  EXPECT_THAT(complaint([&] { SlurmLauncher(root_).stop(waits); }), HasSubstr("will stop as soon as it starts"));
  let_finish(trains);
  until_state(trains, RunState::completed);
  cluster("start_controller");
  SlurmLauncher(root_).submit({later});
  until_state(later, RunState::completed);
  until_state(waits, RunState::stopped);
}

TEST_F(SlurmTest, OptionsAndFreeLinesReachTheJob) {
  SlurmOptions options;
  options.partition = "urgent";
  options.time = "0:07:00";
  options.mem = "1M";
  options.cpus = 2;
  options.requeue = false;
  options.lines = {"--nice=7"};
  const fs::path run = make_run("a", kWait);
  SlurmLauncher(root_, options).submit({run});
  until_state(run, RunState::running);
  const std::string shown = slurm({"scontrol", "show", "job", job(run)});
  for (const char* part :
       {"Partition=urgent", "TimeLimit=00:07:00", "MinMemoryNode=1M", "CPUs/Task=2", "Requeue=0", "Nice=7"})
    EXPECT_THAT(shown, HasSubstr(part));
  std::string threads;
  std::ifstream(run / "threads") >> threads;
  EXPECT_EQ(threads, "2");
}

TEST_F(SlurmTest, AFolderMayBeCalledAnything) {
  const fs::path odd = root_ / "it's 100%d \"odd\" | $HOME";
  const fs::path run = create_run(odd, "a", {{"stand_in", {{"exit", 3}}}});
  SlurmLauncher(odd).submit({run});
  until("it is over", [&] {
    SlurmLauncher(odd).refresh({run});
    return state(run) == RunState::failed;
  });
  EXPECT_THAT(error(run), EndsWith("sad words"));
}

}  // namespace
}  // namespace ablate
