#pragma once

#include "experiments/training/batches.h"
#include "experiments/training/updates.h"

namespace ablate {

/// One step as a run of this configuration makes it, with what `updates` was set to: of train.accumulate batches. The
/// mean loss. Waits for the device. Throws what batches, forward passes and updates do.
double training_step(const RunConfig& config, Task& task, Updates& updates, TrainingBatches& batches,
                     torch::Device device);

}  // namespace ablate
