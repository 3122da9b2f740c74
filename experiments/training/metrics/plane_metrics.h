#pragma once

#include <torch/torch.h>

#include <vector>

#include "experiments/metrics/metric_list.h"
#include "experiments/training/task.h"

namespace ablate {

/// {1, H, W} or {H, W}, any number type, on any device, as floats of the metrics library's own. Waits for the device.
Plane plane_of(const torch::Tensor& image);

/// What each sample scores by `metrics`, {B} float32 on the CPU; prediction and target {B, 1, H, W} in [0, 1]. NaN
/// where the planes are too small for a metric.
SampleMetrics plane_metrics(const std::vector<const Metric*>& metrics, const torch::Tensor& prediction,
                            const torch::Tensor& target);

}  // namespace ablate
