#pragma once

#include <memory>

#include "experiments/run_config.h"
#include "experiments/training/task.h"

namespace ablate {

/// Foreground against background: one network "model" (model.*), one optimiser "model", losses loss.*, metric "iou".
/// Batches hold "image" {B, 3, H, W} and "mask" {B, 1, H, W}; pictures without a mask are predicted only.
std::unique_ptr<Task> make_segmentation(const RunConfig& config);

}  // namespace ablate
