#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runs/heartbeats.h"
#include "sweeps/launchers.h"
#include "sweeps/slurm.h"
#include "sweeps/slurm_options.h"

namespace ablate {

/// A Slurm cluster whose nodes see the runs' folder under the same path. Runs that are submitted together are one array
/// job. Its script and a link to each run lie in `<root>/.ablate/slurm/<submission>/`, by which a job is known for
/// ours whoever asks: a submitter that dies at any moment leaves no job that nobody knows, and no run is submitted
/// twice.
///
/// Slurm tells a worker with SIGTERM that its time is over; it leaves a checkpoint and says `interrupted`. Why that
/// was, and what becomes of the run (it waits again after a preemption; it can be resumed after a time limit),
/// `refresh` finds out from Slurm, which it asks every few seconds at most, and from its accounting only where there is
/// one. It tells of jobs of this user only: those that others submitted wait and end as their own programs say.
class SlurmLauncher : public Launcher {
 public:
  /// `options` are kept with each run that is submitted (slurm.json); nullopt: those that it was submitted with last.
  explicit SlurmLauncher(const std::filesystem::path& root, std::optional<SlurmOptions> options = std::nullopt);

  void submit(const std::vector<std::filesystem::path>& runs) override;
  /// Where the controller gives no answer it throws, but a run that waits will stop as soon as it starts; so does one
  /// that another user submitted.
  void stop(const std::filesystem::path& run) override;
  /// Writes into status.json the job of a run that waits and why it does, and how one ended that could not say so.
  void refresh(const std::vector<std::filesystem::path>& runs) override;

 private:
  using Jobs = std::map<std::filesystem::path, SlurmJob>;  ///< by run: the one that is not over, or else the last
  Jobs look();
  std::filesystem::path run_of(const SlurmJob& job);
  /// Runs that become one array job.
  struct Array {
    SlurmOptions options;
    std::vector<std::filesystem::path> runs;
    std::filesystem::path after;       ///< the run that all of them come after; empty: none, or it is completed
    std::vector<std::string> leaving;  ///< their last jobs that are still on their way out
    std::vector<std::string> in_vain;  ///< … and those that wait for what will not come, to be cancelled then
  };
  std::vector<Array> without_job(std::vector<std::filesystem::path> runs);
  std::vector<std::filesystem::path> waiting_for(const std::filesystem::path& run, const Jobs& jobs) const;
  std::filesystem::path comes_after(const std::filesystem::path& run) const;
  /// Those first that others come after.
  static std::vector<Array> stages_in_order(std::vector<Array> arrays);
  /// What sbatch is told of what they wait for. Throws Error where Slurm can't wait for it.
  std::vector<std::string> dependencies(const Array& array) const;
  void submit_array(const Array& array);
  void bring_up_to_date(const std::filesystem::path& run, const RunStatus& before, const Jobs& jobs);

  std::filesystem::path root_;
  std::optional<SlurmOptions> options_;
  std::mutex mutex_;  // Guards the following, and lets one call at a time talk to Slurm.
  std::map<std::filesystem::path, std::filesystem::path> runs_of_links_;
  Heartbeats heartbeats_;
  std::chrono::steady_clock::time_point next_look_{};
  std::string problem_;  ///< of the last look
};

}  // namespace ablate
