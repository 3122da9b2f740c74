#include "experiments/training/metrics/iou.h"

namespace ablate {

torch::Tensor iou_per_sample(const torch::Tensor& foreground_logit, const torch::Tensor& target) {
  TORCH_CHECK(foreground_logit.sizes() == target.sizes(), "logits ", foreground_logit.sizes(), " against target ",
              target.sizes());
  const torch::Tensor p = foreground_logit.gt(0).flatten(1), y = target.gt(0.5).flatten(1);
  // At most 2^24 pixels are counted exactly in float32, which is also what divides them.
  const torch::Tensor both = p.logical_and(y).sum(1, false, torch::kFloat);
  const torch::Tensor either = p.logical_or(y).sum(1, false, torch::kFloat);
  const torch::Tensor value = torch::where(either.eq(0), torch::ones_like(either), both / either.clamp_min(1));
  // A sum is NaN or infinite exactly when something in it is: one pass instead of a mask of its own.
  const torch::Tensor poisoned = foreground_logit.flatten(1).sum(1).isnan();
  return value.masked_fill(poisoned, std::numeric_limits<float>::quiet_NaN());
}

}  // namespace ablate
