#include "experiments/training/models/batch_norm.h"

#include <fmt/format.h>

#include "experiments/training/models/batch_norm_cpu.h"
#include "runs/error.h"

namespace ablate {

BatchNorm::BatchNorm(std::int64_t channels, std::optional<double> momentum, double eps)
    : TrackingNorm("BatchNorm2d", channels, true, eps), momentum_(momentum) {}

torch::Tensor BatchNorm::normalised(const torch::Tensor& x) {
  const std::int64_t count = x.numel() / channels();
  if (count < 2) {
    throw Error(
        fmt::format("Batch norm of {} channels in train mode needs more than one value per channel, and got one "
                    "sample of {}x{}: use a larger train.batch_size (and validation.batch_size), a larger data.size, "
                    "or model.norm = group.",
                    channels(), x.size(2), x.size(3)));
  }
  double factor = momentum_.value_or(0);
  if (moves_buffers()) {
    torch::NoGradGuard no_grad;
    num_batches_tracked.add_(1);
    if (!momentum_) factor = 1.0 / num_batches_tracked.item<double>();
  }
  const torch::Tensor none, &to_mean = moves_buffers() ? running_mean : none,
                            &to_var = moves_buffers() ? running_var : none;
  auto [y, mean, invstd] = batch_norm_cpu_takes(x)
                               ? batch_norm_cpu(x, weight, bias, to_mean, to_var, factor, eps())
                               : torch::native_batch_norm(x, weight, bias, to_mean, to_var, true, factor, eps());
  record({mean, invstd, count});
  return y;
}

}  // namespace ablate
