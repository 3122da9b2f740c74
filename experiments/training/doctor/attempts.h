#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiments/training/doctor/doctor.h"
#include "experiments/training/doctor/rehearsal.h"
#include "experiments/training/doctor/seen_step.h"

namespace ablate {

/// By how much one training has to be better than another: more than samples or seeds make; far better; and the same.
inline constexpr double kWorthIt = 0.05, kFarBetter = 0.1, kSame = 0.02;
/// Where it is none, a mask being all there or not at all: the part of the other's loss that is less.
inline constexpr double kLessLoss = 0.9;
/// Of a metric between 0 and 1: from here on masks are none of these, and larger networks are not tried, which would
/// take long.
inline constexpr double kWellLearnt = 0.7;
/// The change to weights of its own, where they were given.
inline constexpr const char* kOwnBeginning = "init.from = null";
/// Steps of an attempt with a network that hardly learns at first.
inline constexpr Step kLongAttempt = 40;
/// Of one with a network that learns late, where something else says that it is worth them.
inline constexpr Step kVeryLongAttempt = 100;

/// A run's training begun anew with something changed (Rehearsal), beside what the run itself came to. What is tried
/// and found goes into the diagnosis. What it is given outlives it.
class Attempts {
 public:
  Attempts(const Patient& patient, const TellTest& tell, Diagnosis& diagnosis);

  const Patient& patient() const { return patient_; }
  const RunConfig& config() const { return patient_.config; }
  const PrimaryMetric& metric() const { return metric_; }
  /// Training samples that the run and attempts are compared by.
  FixedBatches& judged() { return judged_; }
  /// The same, of a dataset that differs in what samples are.
  FixedBatches judged_of(std::shared_ptr<const Dataset> dataset) const;
  /// Steps of a usual attempt: a tenth of the run's, 12 to 20.
  Step steps() const { return steps_; }
  /// What the run came to, in train mode; and the loss.
  double own() { return own_in(Mode::train).metric; }
  double own_loss() { return own_in(Mode::train).loss; }
  /// Losses of perfect outputs, and of outputs that say nothing, where the task knows them.
  const std::optional<Task::Extremes>& extremes() const { return extremes_; }
  /// Whether the run's outputs say anything. Empty masks have a lower loss than those that don't.
  bool has_learnt();
  /// The run's own first training step. Of no layers where the weights that it began with are gone (init.from), which
  /// is said once.
  const SeenStep& start();

  /// With the change ("optimizer.lr = 0.01, model.norm = batch") in place; of none: as it is. nullopt where there is no
  /// such run, or it is the run's own, or can't begin.
  std::optional<Rehearsal> made(const std::string& change, Step steps);
  /// Steps that go on from the run's weights, with the change in place, which leaves the network what it is; at `lr`,
  /// else at the highest rate of the schedule.
  std::optional<Rehearsal> gone_on(const std::string& change, Step steps, Mode judged_in,
                                   std::optional<double> lr = std::nullopt);
  /// Whether it gets further than the run did: by the metric, or, where that is the same or of outputs that say
  /// nothing, by the loss.
  bool cures(const std::optional<Rehearsal>& made, Mode judged_in = Mode::train);
  /// As many steps of the run's own settings, at the highest rate of its schedule: where they get as far, the change
  /// was not what did it.
  const std::optional<Rehearsal>& unchanged(Step steps);
  bool unchanged_was_made() const { return !unchanged_.empty(); }
  bool beats_unchanged(const Rehearsal& made);
  /// The best of the changes that cure becomes a finding; whether there is one. One that was found before has to be
  /// beaten by far. `steps`: instead of as many as usual.
  bool cured_by(const std::string& cause, const std::string& symptom, const std::vector<std::string>& changes,
                const std::string& layer = "optimizer", std::optional<Step> steps = std::nullopt);

  /// "IoU .846 (loss .131)".
  std::string words(double metric, double loss) const;
  void tell(const std::string& test) const { tell_(test); }
  void note(const std::string& line) { diagnosis_.tests.push_back(line); }
  const std::string& last_note() const { return diagnosis_.tests.back(); }
  const std::vector<std::string>& notes() const { return diagnosis_.tests; }
  void untested(const std::string& line) { diagnosis_.untested.push_back(line); }
  void found(Finding finding);
  bool any_found() const { return any_found_; }
  /// Those of other tests, too.
  std::vector<Finding>& findings() { return diagnosis_.findings; }

 private:
  bool beginning_is_gone();
  struct Own {
    double metric, loss;
  };
  const Own& own_in(Mode mode);
  std::optional<Rehearsal> tried(const std::string& change, Step steps, const RehearsalPlan& plan);
  bool says_nothing(double loss) const;
  bool further(const Rehearsal& made, double metric, double loss) const;

  const Patient& patient_;
  const TellTest& tell_;
  Diagnosis& diagnosis_;
  FixedBatches judged_;
  Step steps_;
  PrimaryMetric metric_;
  std::map<Mode, Own> own_;
  std::optional<Task::Extremes> extremes_;
  std::optional<SeenStep> start_;
  std::map<Step, std::optional<Rehearsal>> unchanged_;
  std::optional<Rehearsal> cured_to_;  ///< what a change that was found gets to
  bool any_found_ = false;
};

}  // namespace ablate
