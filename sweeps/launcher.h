#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "experiments/experiment.h"
#include "runs/run_store.h"

namespace ablate {

class Machine;

/// The worker program: $ABLATE_TRAIN, or `ablate-train` beside this program. Throws Error when it is not there.
std::filesystem::path worker_program();

/// Starts one worker for `run` and waits for it. A worker that died (signal, out of memory) leaves a status that says
/// so: this writes it. While it runs, `poll` is called about ten times a second, and Ctrl-C (SIGINT, SIGTERM) asks the
/// worker to stop at its next step, leaving a checkpoint; a second one kills it. Returns the last status.
RunStatus run_in_foreground(const std::filesystem::path& run, const std::function<void()>& poll);

/// Throws Error for a run that can never go on: another program's masks (no network), a complete range test, or one
/// that train.stop_after ended: it has steps left, and will not make them.
void refuse_ended(const RunInfo& run);

/// The queue of a root: files under `<root>/.ablate/queue/`, one per run; they survive the
/// death of everything, and windows and command lines share them. Runs are started by a keeper process, which exists as
/// long as something waits or trains; any `submit` or `keep_going` starts one where none is alive. A run that waits has
/// its file in `waiting/`, one that trains in `started/`, locked by the worker for as long as it lives: so a keeper
/// that comes after one that was killed knows what still trains, without a process number to mistake. Runs start by
/// priority, then by submission, each where the machine has a place for it (sweeps/machine.h). One that comes after
/// another (run.json's "after") waits until that one is completed; where nothing will complete it, the status of the
/// one that waits says so.
///
/// Every function may be called by any thread and any process. All throw Error where the root can't be written.
class LocalQueue {
 public:
  explicit LocalQueue(const std::filesystem::path& root);

  /// Adds runs at the end and makes sure that a keeper is alive; a run that is in the queue already stays where it is.
  /// `slots`: how many train at once, for the whole queue until it is empty; 0 leaves what was said before, and where
  /// nothing was said the machine decides (free_place). Higher priorities start first.
  void submit(const std::vector<std::filesystem::path>& runs, int slots = 0, int priority = 0);
  /// Takes a run that hasn't started out of the queue; false if it was not waiting.
  bool withdraw(const std::filesystem::path& run);
  /// In the order in which they will start.
  std::vector<std::filesystem::path> waiting() const;
  /// Of a run that waits: its priority; nullopt for others.
  std::optional<int> priority(const std::filesystem::path& run) const;
  /// false if it was not waiting.
  bool set_priority(const std::filesystem::path& run, int priority);
  /// Whether a worker that this queue started for `run` is alive, be it still on its way to its first step.
  bool working(const std::filesystem::path& run) const;
  /// Blocks while the worker of a run whose status says that it is over is still on its way out, and until the keeper
  /// has seen it go: after that the run can be queued again. Throws Error after ten seconds.
  void await_leaving(const std::filesystem::path& run) const;
  /// Whether something waits or trains, and no keeper is alive: it was killed, or the machine was. Waits a second for
  /// one that has just been started.
  bool forsaken() const;
  /// Starts a keeper if something waits or trains and none is alive (after a crash, a reboot).
  void keep_going();

  /// What the keeper process does (`ablate queue-keeper`, internal): takes runs in order, starts workers, writes the
  /// status of those that died; returns when for so long nothing was left that can go on without a person's doing (who
  /// adds runs one by one needs no new keeper for each), or at once where another keeper is at work.
  void keep();
  void keep(Machine& machine, std::chrono::milliseconds linger);

 private:
  std::filesystem::path root_;
};

/// Priorities lie between minus this and this.
inline constexpr int kMostPriority = 1000000;

/// How many workers this machine should run at once, and the threads of each.
struct Slots {
  int workers = 1;
  int threads_each = 1;
};
/// For the cores this process may use.
Slots default_slots();
/// The cores shared out among so many workers.
Slots slots_for(int workers);

/// Asks a run to stop: out of the queue if it waits (status stopped), else by a request that the worker obeys at its
/// next step. Throws Error when it is over already.
void stop_run(const std::filesystem::path& root, const RunInfo& run);
/// Asks a run that trains, or waits to, for another learning rate from its next step on. Throws Error for one that does
/// neither, and for a range test, which goes through all of them.
void change_lr(const std::filesystem::path& root, const RunInfo& run, const LrRequest& asked);
/// Moves a run that waits in this machine's queue before all others, or behind them. Throws Error for one that does
/// not.
enum class QueueEnd { first, last };
void move_in_queue(const std::filesystem::path& root, const RunInfo& run, QueueEnd end);
/// Queues a stopped, interrupted or failed run again; it goes on from its last checkpoint. Throws Error when it can't.
void resume_run(const std::filesystem::path& root, const RunInfo& run);

}  // namespace ablate
