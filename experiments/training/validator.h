#pragma once

#include <optional>
#include <string>

#include "experiments/training/averaging.h"
#include "experiments/training/doctor/diagnosis.h"
#include "experiments/training/run_log.h"

namespace ablate {

/// Validates a run as its configuration asks (validation.on, validation.mode), and logs what that comes to. Used by the
/// thread that trains.
class Validator {
 public:
  /// All of them outlive it.
  Validator(const RunConfig& config, Task& task, const DataSource& source, torch::Device device, RunLog& log);

  /// Whether there is nothing to validate on.
  bool empty() const { return held_out_.count() == 0; }
  /// The mode whose figures are the run's.
  Mode mode() const { return mode_; }

  /// On the sets asked for, in that mode, and in the other where both are asked for.
  void sets(Step step);
  /// Of averaged weights, as `<metric>/val_<name>` and `loss/val_<name>`.
  void average(const std::string& name, AveragedWeights& average, Step step);

  /// The metric that decides which checkpoint is best, as a tag; and its last value. Throws Error where it isn't
  /// logged.
  const std::string& best_tag() const { return best_tag_; }
  double best_value() const { return logged("checkpoint.metric", best_tag_); }
  bool lower_is_best() const;
  double logged(const char* key, const std::string& tag) const;

  /// By how much eval mode was worse than train mode in the primary metric the last time; nullopt where one of them was
  /// not measured.
  std::optional<double> lost_in_eval_mode() const;
  /// Of the norms of a run that is over, as diagnose_norms makes it. `forwards`: batches that were trained on; 0: not
  /// known.
  Diagnosis diagnose(FixedBatches& training, Step forwards);
  /// As find_shared_norm does.
  std::optional<Finding> shared_norm(FixedBatches& training);

 private:
  void on(const std::string& set, FixedBatches& samples, Step step);
  Measured measured(FixedBatches& samples, Mode mode);
  /// The set whose figures come first.
  std::string first_set() const { return config_.text("validation.on") == "training" ? "train_set" : "val"; }

  const RunConfig& config_;
  Task& task_;
  torch::Device device_;
  RunLog& log_;
  FixedBatches held_out_, training_;
  Mode mode_;
  bool both_modes_;
  std::string best_tag_;
};

}  // namespace ablate
