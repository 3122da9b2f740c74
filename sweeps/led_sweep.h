#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sweeps/journal.h"
#include "sweeps/launchers.h"
#include "sweeps/pruners/pruner.h"
#include "sweeps/sweep.h"
#include "sweeps/sweep_controller.h"
#include "sweeps/trial_run.h"
#include "sweeps/wakeups.h"

namespace ablate {

/// A sweep in the hands of its controller: what it asks for, its study, and the runs of its trials. One thread.
struct LedSweep {
  /// `launcher` and `control` outlive it. Throws Error where the sweep can't be understood.
  LedSweep(std::filesystem::path sweep_folder, Launcher& place, const SweepControl& with);

  const Trial& trial_at(int number) const { return study.trials[static_cast<std::size_t>(number)]; }
  /// The run of a trial, read when it is asked for first. nullptr for a trial of another program, or one that waits.
  TrialRun* run_of(const Trial& trial);
  /// Whether its run trains or waits for its turn.
  bool trains(int number) const;
  /// Every open trial is to be attended to.
  void look_at_all() { news = open; }
  void forget_run(int number);
  /// Of a trial that is over, with its run: takes it out of `open`, and forgets the log.
  void let_go(int number);

  /// Brings the journal up to date. Throws Error where the study was deleted.
  void sync();
  /// Writes into the journal what `change` makes of what it holds then. Throws Error where it can't; then nothing is
  /// written.
  void update(const std::function<std::vector<journal::Record>()>& change);
  void append(const std::vector<journal::Record>& records);
  /// The pruner is made once it is known how long a run is: where that is in epochs, the first run tells, and the study
  /// remembers it.
  void make_pruner_ready();

  const std::filesystem::path folder, root;
  Launcher& launcher;
  const SweepControl& control;
  Sweep sweep;
  Journal journal;
  const Study& study;
  std::unique_ptr<Pruner> pruner;  ///< nullptr until then, and with several objectives
  Wakeups wakeups;
  std::map<int, TrialRun> runs;  ///< by number
  std::set<int> open;            ///< numbers of trials that are not over, or whose run is not
  std::set<int> news;            ///< … of those to attend to: somebody wrote something of them

  std::map<std::string, int> numbers;  ///< of the trials, by their runs' folders

 private:
  void open_new_trials();
  int seen_ = 0;  // How many of the study's trials are in `open`, or were.
};

}  // namespace ablate
