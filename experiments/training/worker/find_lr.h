#pragma once

#include "experiments/range_test.h"
#include "experiments/training/trainer.h"

namespace ablate {

/// A run that is a range test: `lr`, `loss/train` and `loss/smoothed` at every step into its events, and what they
/// suggest into its status. `task` was made after the seed was set. Returns completed or stopped. Throws Error.
RunState find_lr(const RangeTest& test, const RunConfig& config, Task& task, const TrainingData& data,
                 const Trainer::Environment& environment, StatusKeeper& status);

}  // namespace ablate
