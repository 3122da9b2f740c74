#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "experiments/run_config.h"

namespace ablate {

/// Learning rate and momentum as functions of the update t = 0, 1, … of T. With η₀ = optimizer.lr and what schedule.*
/// says, equal to torch.optim.lr_scheduler's in brackets, stepped once an update:
/// - constant: η₀
/// - multistep: η₀·γ^(milestones ≤ t) [MultiStepLR]
/// - step: η₀·γ^⌊t/step_size⌋ [StepLR]
/// - exponential: η₀·γ^t [ExponentialLR]
/// - polynomial: η₀·(1 − t/T)^power [PolynomialLR]
/// - cosine: η_min + ½(η₀ − η_min)(1 + cos πt/T) [CosineAnnealingLR]
/// - cosine-restarts: that over `period` updates, each next one period_mult times as long [CosineAnnealingWarmRestarts]
/// - cyclic: η₀ + (max − η₀)·s·f, s up and down between 0 and 1, f by `cycle`; momentum inversely .9 → .8 [CyclicLR]
/// - onecycle: max/25 → max at .3T − 1 → max/25/10⁴, along cosines; momentum .95 → .85 → .95 [OneCycleLR]
/// - plateau: times γ when schedule.metric got no better for more than `patience` validations [ReduceLROnPlateau]
/// - yolox-cosine: by epochs of E, a quadratic rise from max(.1·η₀, 1e-6) over clamp(.05E, 1, 3), a cosine, and .01·η₀
/// for the last
///   clamp(.05E, 1, 15) (YOLOX)
///
/// A warm-up of w updates before any of them is (t + 1)/(w + 1) of its first rate; T is what is left. Momentum is SGD's
/// and RMSprop's, and beta1 of Adam and AdamW; Adagrad has none (as with cycle_momentum=False). Not thread-safe.
class Schedule {
 public:
  struct Value {
    double lr = 0;                   ///< ≥ 0
    std::optional<double> momentum;  ///< in [0, 1), where the schedule moves it
  };
  virtual ~Schedule() = default;
  /// For update number `step` (0 is the first), up to the last of the run.
  virtual Value at(Step step) const = 0;

  /// A validation after `updates` updates gave this value of schedule.metric. Only plateau listens.
  virtual void observe(double /*value*/, Step /*updates*/) {}
  /// What observe() has come to, for a checkpoint; null where nothing is remembered.
  virtual nlohmann::json state() const { return nullptr; }
  virtual void restore(const nlohmann::json&) {}
};

/// From schedule.*, swa.* and optimizer.lr, over `total_steps` ≥ 1; `steps_per_epoch` ≥ 1 turns "3ep" into steps.
/// Throws Error for an unknown name.
std::unique_ptr<Schedule> make_schedule(const RunConfig& config, Step total_steps, double steps_per_epoch);

/// The values of schedule.name that make_schedule accepts.
std::vector<std::string> schedule_names();

/// Whether less of this metric is better: losses and errors, by the first word of the tag ("loss/val").
bool lower_is_better(std::string_view tag);

}  // namespace ablate
