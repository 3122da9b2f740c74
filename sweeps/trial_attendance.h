#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sweeps/led_sweep.h"

namespace ablate {

/// What a controller does about the trials that there are: makes their runs, reports what they log, has the pruner
/// judge it, and writes down how they end. Each step can be made again by the next controller. One thread.
class TrialAttendance {
 public:
  /// `sweep` outlives it.
  explicit TrialAttendance(LedSweep& sweep) : sweep_(sweep) {}

  /// To the trials of `news`. Read anew are runs that were `written`, and ones that were `silent`: does anybody work on
  /// them still? `stopping`: whatever trains is asked to stop, and nothing begins. Throws Error where the journal can't
  /// be written.
  void attend(const std::set<int>& written, const std::set<int>& silent, bool stopping);

  /// What was wrong with a trial when it was attended to last.
  const std::string& trouble() const { return trouble_; }
  /// Trials that something was wrong with are to be attended to again.
  void forget_trouble();
  /// Whether the launcher refused to train it when it was asked last.
  bool refused(int number) const { return refused_.contains(number); }
  /// Why nothing new begins any more, and what a person has to do: everything fails, or the launcher has refused again
  /// and again and has never taken a run. Empty while there is hope.
  std::string stuck() const;

 private:
  using Records = std::vector<journal::Record>;
  /// What is written and said of a trial that goes on, once it does.
  struct GoingOn {
    Records records;
    std::string words;
  };
  /// What comes of attending to trials.
  struct Outcome {
    Records records;
    std::vector<std::function<void()>> then;  ///< what is counted and said once that is written
    std::map<int, GoingOn> to_go_on;          ///< numbers, after that
  };

  void remember(int number, const std::string& trouble);
  void or_remember(int number, const std::function<void()>& what);
  bool owns(const Trial& trial, const TrialRun& run) const;
  void attend_to(const Trial& trial, TrialRun& run, bool known, bool stopping, Outcome& outcome);
  bool any_works() const;
  void make_run(const Trial& trial, TrialRun& run, Outcome& outcome);
  void submit(const std::map<int, GoingOn>& to_go_on);
  std::vector<Step> report(const Trial& trial, const TrialRun& run, Records& records) const;
  bool judge(const Trial& trial, const std::vector<Step>& steps, Outcome& verdicts);
  void complete(const Trial& trial, const TrialRun& run, Outcome& outcome);
  void end(const Trial& trial, const TrialRun& run, Outcome& outcome, const std::string& why);
  void try_again(const Trial& trial, const TrialRun& run, Outcome& outcome);
  void fail(const Trial& trial, Outcome& outcome, const std::string& why);
  void then_say(Outcome& outcome, int number, bool good, const std::string& words);
  void count(const Trial& trial, bool good);

  LedSweep& sweep_;
  std::map<int, std::vector<Step>> to_judge_;  // Trials, and what they reported since a verdict.
  std::string trouble_;
  std::set<int> troubled_, refused_;
  std::map<int, std::string> waits_, held_up_;  // Of this round: why they wait in a cluster, and here.
  int failures_in_a_row_ = 0, refusals_in_a_row_ = 0;
  bool began_ = false;  // The launcher has taken a run.
  std::string all_fail_;
};

}  // namespace ablate
