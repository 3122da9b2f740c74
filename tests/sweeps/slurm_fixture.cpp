#include "tests/sweeps/slurm_fixture.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>

#include "runs/error.h"
#include "sweeps/run_command.h"

namespace ablate {

namespace fs = std::filesystem;

fs::path SlurmTest::folder_;
std::string SlurmTest::problem_;

void SlurmTest::cluster(const std::string& method) {
  const std::string program = fmt::format(
      "import sys; sys.path.insert(0, '{}/tests/support'); import slurm_cluster as s; "
      "sys.exit(s.why_not()) if s.why_not() else s.SlurmCluster('{}').{}()",
      ABLATE_SOURCE, folder_.string(), method);
  const CommandOutput output = run_command({ABLATE_PYTHON, "-B", "-c", program}, std::chrono::seconds(90));
  if (output.exit_code != 0) throw Error(output.err);
}

void SlurmTest::SetUpTestSuite() {
  std::string pattern = (fs::temp_directory_path() / "ablate-slurm-XXXXXX").string();
  folder_ = ::mkdtemp(pattern.data());
  try {
    cluster("start");
  } catch (const Error& error) {
    problem_ = error.what();
  }
  ::setenv("SLURM_CONF", (folder_ / "slurm.conf").c_str(), 1);
}

void SlurmTest::TearDownTestSuite() {
  if (problem_.empty()) cluster("stop");
  fs::remove_all(folder_);
}

void SlurmTest::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can start a Slurm";
  ASSERT_EQ(problem_, "") << "no cluster could be started";
  QueueTest::SetUp();
}

void SlurmTest::TearDown() {
  if (!problem_.empty()) return;
  slurm({"scancel", "--user=root"});
  for (const RunInfo& run : list_runs(root_)) let_finish(run.folder);
  until("every job has left", [] { return slurm({"squeue", "--noheader"}).empty(); });
  fs::remove_all(root_);
}

std::string SlurmTest::slurm(const std::vector<std::string>& words) {
  const CommandOutput output = run_command(words, std::chrono::seconds(60));
  EXPECT_EQ(output.exit_code, 0) << words[0] << ": " << output.err;
  return output.out;
}

void SlurmTest::until_refreshed(const fs::path& run, RunState wanted) {
  until((run.filename().string() + " is " + std::string(name_of(wanted))).c_str(), [&] {
    refresh(run);
    return state(run) == wanted;
  });
}

std::string SlurmTest::job_state(const std::string& id) {
  for (const SlurmJob& each : slurm_jobs())
    if (each.id == id) return each.state;
  return {};
}

}  // namespace ablate
