#include "sweeps/slurm.h"

#include <gmock/gmock.h>

#include "runs/error.h"
#include "sweeps/slurm_options.h"

namespace ablate {
namespace {

using testing::HasSubstr;

TEST(Slurm, JobsAreReadFromSqueue) {
  const std::vector<SlurmJob> jobs = parse_squeue(
      "Welcome to the cluster\n"
      "12|3|RUNNING|None|1795933394|node7|/runs/.ablate/slurm/x/job.sh\n"
      "13|N/A|PENDING|ReqNodeNotAvail, UnavailableNodes:node1|N/A|n/a|/a|b/job.sh\n");
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_EQ(jobs[0].id, "12_3");
  EXPECT_TRUE(jobs[0].works());
  EXPECT_EQ(jobs[0].reason, "");
  EXPECT_EQ(jobs[0].ended_seconds, 1795933394);
  EXPECT_EQ(jobs[0].host, "node7");
  EXPECT_EQ(jobs[1].id, "13");
  EXPECT_TRUE(jobs[1].waits());
  EXPECT_EQ(jobs[1].reason, "ReqNodeNotAvail, UnavailableNodes:node1");
  EXPECT_EQ(jobs[1].host, "");
  EXPECT_EQ(jobs[1].script, "/a|b/job.sh");
}

TEST(Slurm, OfARequeuedJobAccountingTellsTheLastTime) {
  const auto job = parse_sacct("12_3|REQUEUED|1795933394|node7\n12_3|CANCELLED by 1000|1795933999|node8\n");
  ASSERT_TRUE(job);
  EXPECT_EQ(job->state, "CANCELLED");
  EXPECT_TRUE(job->over());
  EXPECT_EQ(job->host, "node8");
  EXPECT_FALSE(parse_sacct(""));
}

TEST(Slurm, EveryEndSaysWhatToDo) {
  for (const char* state : {"CANCELLED", "TIMEOUT", "DEADLINE", "PREEMPTED", "NODE_FAIL", "BOOT_FAIL", "COMPLETED",
                            "FAILED", "", "A_STATE_TO_COME"}) {
    const std::string words = words_of_end({"12_3", state, "", 0, "", {}});
    EXPECT_THAT(words, HasSubstr("12_3"));
    EXPECT_THAT(words, HasSubstr("esume it"));
  }
  EXPECT_THAT(words_of_end({"12_3", "OUT_OF_MEMORY", "", 0, "", {}}), HasSubstr("--mem"));
  EXPECT_THAT(words_of_end({"12_3", "FAILED", "JobLaunchFailure", 0, "", {}}), HasSubstr("FAILED (JobLaunchFailure)"));
}

TEST(Slurm, TellsInTheConsoleWhyItEndedAJob) {
  const std::string line = "step 7\nslurmstepd: error: *** JOB 12 ON node1 CANCELLED AT 2026-11-29T19:51:14";
  EXPECT_EQ(state_in_console(line + " DUE TO TIME LIMIT ***\nStopped at step 7"), "TIMEOUT");
  EXPECT_EQ(state_in_console(line + " DUE TO PREEMPTION ***\n"), "PREEMPTED");
  EXPECT_EQ(state_in_console(line + " DUE TO TIME LIMIT ***\n" + line + " ***"), "CANCELLED") << "the last counts";
  EXPECT_EQ(state_in_console(line + " DUE TO JOB REQUEUE ***"), "");
  EXPECT_EQ(state_in_console(line + " ***\n292 samples to train on, 48 held out\nstep 8"), "") << "of an earlier job";
  EXPECT_EQ(state_in_console("step 7\n"), "");
}

TEST(Slurm, SlurmsOwnReasonStandsBehindOurs) {
  EXPECT_EQ(words_of_waiting({"1_0", "PENDING", "Resources", 0, "", {}}),
            "waits in Slurm until enough is free (Resources)");
  EXPECT_EQ(words_of_waiting({"1_0", "PENDING", "QOSMaxJobsPerUserLimit", 0, "", {}}),
            "waits in Slurm (QOSMaxJobsPerUserLimit)");
  EXPECT_EQ(words_of_waiting({"1_0", "CONFIGURING", "", 0, "", {}}), "waits in Slurm (CONFIGURING)");
}

TEST(SlurmOptions, AreTheSameAfterBeingWrittenAndRead) {
  SlurmOptions options;
  options.partition = "gpu";
  options.time = "1-00:00:00";
  options.cpus = 8;
  options.requeue = false;
  options.lines = {"--constraint=a100", "--exclusive"};
  EXPECT_EQ(SlurmOptions::from_json(options.to_json(), "here"), options);
  EXPECT_EQ(SlurmOptions::from_json(nlohmann::json::object(), "here"), SlurmOptions{});
}

TEST(SlurmOptions, WhatTheyAreNotIsAnError) {
  EXPECT_THROW(SlurmOptions::from_json({{"partion", "gpu"}}, "here"), Error);
  EXPECT_THROW(SlurmOptions::from_json({{"cpus", "many"}}, "here"), Error);
  EXPECT_THROW(SlurmOptions::from_json({{"sbatch", {"--a\n#SBATCH --b"}}}, "here"), Error);
}

}  // namespace
}  // namespace ablate
