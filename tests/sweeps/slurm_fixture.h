#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "sweeps/slurm_launcher.h"
#include "tests/sweeps/queue_fixture.h"

namespace ablate {

/// A real Slurm of one node with four cores (tests/support/slurm_cluster.py), one for all tests of the program, and the
/// stand-in as worker. Skipped where none can be started. No test leaves a job behind.
class SlurmTest : public QueueTest {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  void SetUp() override;
  void TearDown() override;

  /// Does to the cluster what a method of SlurmCluster does: "stop_controller", "start_controller", …
  static void cluster(const std::string& method);
  /// One of Slurm's commands; what it prints. A failure of the test where it fails.
  static std::string slurm(const std::vector<std::string>& words);

  /// With a launcher that knows nothing yet, as another program would ask.
  void refresh(const std::filesystem::path& run) { SlurmLauncher(root_).refresh({run}); }
  /// Refreshes until the run is in that state.
  void until_refreshed(const std::filesystem::path& run, RunState wanted);
  std::string job(const std::filesystem::path& run) const { return info(run).status.job; }
  /// As squeue has it; empty where it knows none.
  static std::string job_state(const std::string& id);

 private:
  static std::filesystem::path folder_;
  static std::string problem_;
};

}  // namespace ablate
