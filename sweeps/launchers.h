#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "experiments/experiment.h"
#include "runs/run_store.h"

namespace ablate {

/// Where runs train. Everything may be called again, by any thread and by several processes: a run that is where it
/// shall be stays there. Throws Error where the place can't be reached or refuses; the runs are then as they were, and
/// the call can be repeated later.
class Launcher {
 public:
  virtual ~Launcher() = default;

  /// Queued runs begin when their turn comes; stopped, interrupted and failed ones go on from their last checkpoint.
  /// Runs that wait, train, or are over for good (completed, diverged, pruned) stay as they are.
  virtual void submit(const std::vector<std::filesystem::path>& runs) = 0;

  /// Asks a run to stop: where it waits it leaves the queue (status stopped), else its worker leaves a checkpoint at
  /// its next step. Nothing happens to one that is over.
  virtual void stop(const std::filesystem::path& run) = 0;

  /// Brings status.json of runs up to date whose jobs ended without saying so, or wait again. Cheap enough for once a
  /// second.
  virtual void refresh(const std::vector<std::filesystem::path>& runs) = 0;
};

/// This machine: LocalQueue.
class LocalLauncher : public Launcher {
 public:
  /// `slots` and `priority` as in LocalQueue::submit.
  explicit LocalLauncher(std::filesystem::path root, int slots = 0, int priority = 0);
  void submit(const std::vector<std::filesystem::path>& runs) override;
  void stop(const std::filesystem::path& run) override;
  void refresh(const std::vector<std::filesystem::path>& runs) override;

 private:
  std::filesystem::path root_;
  int slots_, priority_;
};

/// The one that a run was submitted to last; this machine's for a run that never was.
std::unique_ptr<Launcher> launcher_of(const std::filesystem::path& root, const RunStatus& status);

/// Makes the run folders of an experiment and submits them; returns them in order. Where that can't be, nothing is left
/// of them when it is thrown; or it names what is.
std::vector<std::filesystem::path> launch_runs(const std::filesystem::path& root, const Experiment& experiment,
                                               Launcher& launcher);

/// Whether a run can go on where it was: stopped, interrupted, failed.
bool can_go_on(RunState state);

/// Makes a run that can go on queued again, without what ended it last; a stop request that nobody saw is taken away.
void queue_again(const std::filesystem::path& run);

}  // namespace ablate
