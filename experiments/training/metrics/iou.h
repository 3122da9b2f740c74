#pragma once

#include <torch/torch.h>

namespace ablate {

/// Intersection over union of each sample, {B} float32 on the device. Foreground is where the logit {B, 1, H, W} is
/// above 0 (probability above .5) and the target {B, 1, H, W} above .5. Both empty: 1; exactly one empty: 0. A sample
/// with a logit that is NaN has IoU NaN.
torch::Tensor iou_per_sample(const torch::Tensor& foreground_logit, const torch::Tensor& target);

}  // namespace ablate
