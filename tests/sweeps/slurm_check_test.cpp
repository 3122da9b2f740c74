#include "sweeps/slurm_check.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <algorithm>

#include "tests/sweeps/slurm_fixture.h"

namespace ablate {
namespace {

using testing::HasSubstr;
using Verdict = ClusterCheck::Verdict;

class SlurmCheckTest : public SlurmTest {
 protected:
  std::vector<ClusterCheck> check(const SlurmOptions& options = {}, int patience = 30) {
    return check_cluster(root_, options, std::chrono::seconds(patience), [](const ClusterCheck&) {});
  }

  /// The words of the one bad check, which is the last.
  static std::string trouble(const std::vector<ClusterCheck>& checks) {
    const auto bad = [](const ClusterCheck& each) { return each.verdict == Verdict::bad; };
    EXPECT_EQ(std::ranges::count_if(checks, bad), 1);
    EXPECT_EQ(checks.back().verdict, Verdict::bad);
    return checks.back().what + ": " + checks.back().words;
  }
};

TEST_F(SlurmCheckTest, AClusterThatCanTrainIsFoundGoodByATinyJob) {
  std::vector<std::string> asked;
  for (const ClusterCheck& each : check()) {
    asked.push_back(each.what);
    if (each.what == "partition")
      EXPECT_THAT(each.words, HasSubstr("its nodes have gpu:1, of which nothing is asked for"));
    else
      EXPECT_EQ(each.verdict, Verdict::good) << each.what << ": " << each.words;
  }
  EXPECT_THAT(asked, testing::ElementsAre("commands", "controller", "partition", "request", "grace", "job", "worker"));
}

TEST_F(SlurmCheckTest, WithoutCommandsItSaysWhereTheyMayBe) {
  const std::string path = ::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  const std::vector<ClusterCheck> checks = check();
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_THAT(trouble(checks), HasSubstr("module load slurm"));
}

TEST_F(SlurmCheckTest, AnUnknownPartitionIsToldWithThoseThereAre) {
  SlurmOptions options;
  options.partition = "nosuch";
  EXPECT_THAT(trouble(check(options)), HasSubstr("there is no nosuch. Name one with --partition: gpu, main, urgent"));
}

TEST_F(SlurmCheckTest, ARequestThatNoNodeCanMeetIsRefused) {
  SlurmOptions options;
  options.gres = "tpu:1";
  EXPECT_THAT(trouble(check(options)), HasSubstr("request: sbatch: Invalid generic resource (gres)"));
}

TEST_F(SlurmCheckTest, AGpuThatIsGrantedAndNotThereIsTold) {
  if (std::filesystem::exists("/dev/nvidia0")) GTEST_SKIP() << "there is one here";
  SlurmOptions options;
  options.gres = "gpu:1";
  EXPECT_THAT(trouble(check(options)), HasSubstr("gpu: gpu:1 was granted, but nvidia-smi shows no GPU there"));
}

TEST_F(SlurmCheckTest, ADrainedNodeIsToldWithItsReason) {
  slurm({"scontrol", "update", "nodename=" + host_name(), "state=drain", "reason=repairs"});
  const std::vector<ClusterCheck> checks = check();
  cluster("repair_node");
  EXPECT_THAT(trouble(checks), HasSubstr("drained (repairs)"));
}

TEST_F(SlurmCheckTest, AWorkerThatCannotStartThereIsToldWithItsLastWords) {
  ::setenv("ABLATE_TRAIN", "/bin/false", 1);
  EXPECT_THAT(trouble(check()), HasSubstr("worker: /bin/false does not run there (exit code 1)"));
}

TEST_F(SlurmCheckTest, ATinyJobThatHasToWaitIsCancelled) {
  const std::filesystem::path run = make_run("a", {{"wait", true}});
  SlurmOptions whole;
  whole.cpus = 4;
  SlurmLauncher(root_, whole).submit({run});
  until_state(run, RunState::running);
  const ClusterCheck last = check(whole, 1).back();
  EXPECT_EQ(last.verdict, Verdict::unclear);
  EXPECT_THAT(last.words, HasSubstr("waits in Slurm"));
  EXPECT_EQ(std::ranges::count_if(slurm_jobs(), &SlurmJob::waits), 0);
}

TEST_F(SlurmCheckTest, MoreTimeThanThePartitionGivesIsToldBeforeARunWaitsForever) {
  SlurmOptions options;
  options.time = "2-00:00:00";
  EXPECT_THAT(trouble(check(options)), HasSubstr("in vain: its partition gives less time"));
}

TEST_F(SlurmCheckTest, WithoutAControllerItSaysSo) {
  cluster("stop_controller");
  const std::vector<ClusterCheck> checks = check();
  cluster("start_controller");
  EXPECT_THAT(trouble(checks), HasSubstr("slurmctld does not answer"));
}

TEST_F(SlurmCheckTest, WithoutMungeItSaysThatTheControllerRefuses) {
  cluster("stop_munge");
  const std::vector<ClusterCheck> checks = check();
  cluster("start_munge");
  EXPECT_THAT(trouble(checks), HasSubstr("munged"));
}

}  // namespace
}  // namespace ablate
