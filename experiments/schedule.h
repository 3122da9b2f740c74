#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "experiments/run_config.h"

namespace ablate {

/// Learning rate and momentum as functions of the step; equal to torch.optim.lr_scheduler's of the same name, stepped
/// once an update (domain.md §5).
class Schedule {
 public:
  struct Value {
    double lr = 0;
    std::optional<double> momentum;  ///< SGD's and RMSprop's momentum or Adam's beta1 where the schedule moves it
  };
  virtual ~Schedule() = default;
  /// For update number `step` (0 is the first).
  virtual Value at(Step step) const = 0;

  /// A validation gave this value of schedule.metric. Only plateau listens.
  virtual void observe(double) {}
  /// What observe() has come to, for a checkpoint; null where nothing is remembered.
  virtual nlohmann::json state() const { return nullptr; }
  virtual void restore(const nlohmann::json&) {}
};

/// From schedule.*, swa.* and optimizer.lr, over `total_steps`; `steps_per_epoch` turns "3ep" into steps.
std::unique_ptr<Schedule> make_schedule(const RunConfig& config, Step total_steps, Step steps_per_epoch);

/// The values of schedule.name that make_schedule accepts.
std::vector<std::string> schedule_names();

/// Whether less of this metric is better: losses and errors, by the first word of the tag ("loss/val").
bool lower_is_better(std::string_view tag);

}  // namespace ablate
