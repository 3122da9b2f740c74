#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "sweeps/slurm_launcher.h"
#include "viewers/panel.h"
#include "workbench/examiner.h"

namespace ablate {

/// A cluster knows more of it than its files.
bool concerns_cluster(const RunStatus& status);

/// Does what panels ask for, on a thread of its own: makes run folders, queues, stops and resumes runs. The window can
/// close at any time: what has been asked for is done first, and the runs are other processes. Only what is being
/// examined is not waited for.
class Session : public Actions {
 public:
  /// `done` is called from the session's thread after each action, whether it worked or not.
  Session(std::filesystem::path root, std::function<void()> done);
  ~Session() override;

  void launch(const Experiment& experiment, const TrainingPlace& place) override;
  void stop(const RunView& run) override;
  void resume(const RunView& run) override;
  void change_lr(const RunView& run, const LrRequest& asked) override;
  void examine(const RunView& run) override { examiner_.examine(run.info.id, run.info.folder); }
  void stop_examining(const RunView& run) override { examiner_.stop(run.info.id); }
  void move_in_queue(const RunView& run, QueueEnd end) override;
  void annotate(const RunView& run, std::function<void(RunMeta&)> change) override;
  void remove(const RunView& run) override;
  void restore(const RemovedRun& run) override;
  void launch(const Sweep& sweep, const TrainingPlace& place) override;
  void resume(const SweepView& sweep) override;
  void pause(const SweepView& sweep) override;
  void stop(const SweepView& sweep) override;
  void add_trials(const SweepView& sweep, int count) override;
  void kill_trial(const SweepView& sweep, int number) override;
  void save(const std::filesystem::path& file, std::string content) override;
  /// Starts the queue's keeper where runs wait and nobody attends to them.
  void keep_going();
  /// Asks their cluster what became of runs that wait or train there, every few seconds at most; cheap enough for every
  /// frame.
  void ask_cluster(const Snapshot& snapshot);

  /// The id of the first run of what was launched last, once.
  std::optional<std::string> take_launched();
  /// The name of the sweep that was launched last, once.
  std::optional<std::string> take_launched_sweep();
  /// The run that was removed last, once.
  std::optional<RemovedRun> take_removed();
  /// Whether somebody has asked for it to be removed.
  bool removes(const std::filesystem::path& folder) const;
  /// See Examiner.
  std::optional<std::map<std::string, Examination>> examinations() const { return examiner_.examinations(); }
  /// Why an action failed, once for each.
  std::optional<std::string> take_error();

 private:
  void add(std::function<void()> job);
  void work();

  std::filesystem::path root_;
  std::function<void()> done_;
  std::map<std::filesystem::path, SlurmLauncher> clusters_;  ///< by root; the session's thread only
  std::string cluster_problem_;                              ///< the same
  std::chrono::steady_clock::time_point next_question_{};
  mutable std::mutex mutex_;  // Guards the following.
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::deque<std::string> errors_;
  std::optional<std::string> launched_, launched_sweep_;
  std::optional<RemovedRun> removed_;
  std::set<std::filesystem::path> removing_;
  bool ending_ = false;
  std::thread worker_;
  Examiner examiner_;
};

}  // namespace ablate
