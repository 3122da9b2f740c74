#pragma once

#include <memory>
#include <optional>

#include "experiments/run_config.h"

namespace ablate {

/// Learning rate and momentum as functions of the step; closed forms equal to PyTorch's (domain.md §5).
class Schedule {
 public:
  struct Value {
    double lr = 0;
    std::optional<double> momentum;  ///< SGD's momentum or Adam's beta1 where the schedule moves it
  };
  virtual ~Schedule() = default;
  /// For update number `step` (0 is the first).
  virtual Value at(Step step) const = 0;
};

/// From schedule.* and optimizer.lr, over `total_steps`; `steps_per_epoch` turns "3ep" into steps.
std::unique_ptr<Schedule> make_schedule(const RunConfig& config, Step total_steps, Step steps_per_epoch);

/// The values of schedule.name that make_schedule accepts.
const std::vector<std::string>& schedule_names();

}  // namespace ablate
