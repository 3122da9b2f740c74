#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <vector>

#include "runs/heartbeats.h"
#include "runs/run_reader.h"
#include "runs/run_store.h"
#include "sweeps/launchers.h"
#include "sweeps/sweep.h"

namespace ablate {

/// The run of a trial as a controller sees it: how it stands, what it has logged of the objectives, and what was asked
/// of it. One thread.
class TrialRun {
 public:
  /// `launcher` outlives it.
  TrialRun(std::filesystem::path folder, const std::vector<Sweep::Objective>& objectives, Launcher& launcher);

  /// Reads what is new of its status and its log. Nothing changes where there is no folder yet. `just_written`: a
  /// notice told so, and there is no need to ask whether anybody still works on it.
  void poll(bool just_written = false);
  /// Of its status alone.
  void poll_status(bool just_written = false);

  const std::filesystem::path& folder() const { return folder_; }
  /// Whether its folder is complete (run.json).
  bool exists() const { return exists_; }
  /// As read_resolved_status; of a run on another host as its heartbeat tells.
  const RunStatus& status() const { return status_; }
  /// Whether it trains or waits for its turn.
  bool trains() const;
  /// Whether it has been dead for so long that whoever started it would have said how it ended.
  bool surely_dead() const;

  /// Of the first objective's metric, by step.
  const std::map<Step, double>& reported() const { return reported_; }
  /// One an objective. Throws Error that names the one that was never logged, or is NaN.
  std::vector<double> values() const;

  /// Of a trial that is over: what was read of its log takes memory.
  void forget_log();

  /// Has runs trained, or go on: together, so that a cluster makes one array job of them. Throws Error where the
  /// launcher does; then nothing has changed.
  static void submit(const std::vector<TrialRun*>& runs, Launcher& launcher);
  /// Asks it to stop, once. Throws likewise.
  void stop();
  bool submitted() const { return submitted_; }          ///< by this controller
  bool asked_to_stop() const { return asked_to_stop_; }  ///< since then

 private:
  std::filesystem::path folder_;
  std::vector<Sweep::Objective> objectives_;
  Launcher& launcher_;
  RunReader reader_;
  Heartbeats heartbeats_;
  bool exists_ = false, submitted_ = false, asked_to_stop_ = false;
  RunStatus status_;
  std::optional<std::chrono::steady_clock::time_point> dead_since_;
  std::map<Step, double> reported_;
};

}  // namespace ablate
