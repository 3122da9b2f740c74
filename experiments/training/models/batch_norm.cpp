#include "experiments/training/models/batch_norm.h"

#include <fmt/format.h>

#include "experiments/training/models/batch_norm_cpu.h"
#include "runs/error.h"

namespace ablate {

BatchNorm::BatchNorm(std::int64_t channels, std::optional<double> momentum, double eps)
    : Layer("BatchNorm2d"), momentum_(momentum), eps_(eps) {
  weight = register_parameter("weight", torch::ones(channels));
  bias = register_parameter("bias", torch::zeros(channels));
  running_mean = register_buffer("running_mean", torch::zeros(channels));
  running_var = register_buffer("running_var", torch::ones(channels));
  num_batches_tracked = register_buffer("num_batches_tracked", torch::zeros({}, torch::kLong));
}

torch::Tensor BatchNorm::forward(torch::Tensor x) {
  const std::size_t place = static_cast<std::size_t>(calls_in_pass_++);
  if (!is_training()) {
    const bool own = place >= places_.size();
    return std::get<0>(torch::native_batch_norm(x, weight, bias, own ? running_mean : places_[place].mean,
                                                own ? running_var : places_[place].variance, false, 0, eps_));
  }
  const std::int64_t count = x.numel() / channels();
  if (count < 2) {
    throw Error(
        fmt::format("Batch norm of {} channels in train mode needs more than one value per channel, and got one "
                    "sample of {}x{}: use a larger train.batch_size (and validation.batch_size), a larger data.size, "
                    "or model.norm = group.",
                    channels(), x.size(2), x.size(3)));
  }
  double factor = momentum_.value_or(0);
  if (move_buffers_) {
    torch::NoGradGuard no_grad;
    num_batches_tracked.add_(1);
    if (!momentum_) factor = 1.0 / num_batches_tracked.item<double>();
  }
  const torch::Tensor none, &to_mean = move_buffers_ ? running_mean : none, &to_var = move_buffers_ ? running_var : none;
  auto [y, mean, invstd] = batch_norm_cpu_takes(x)
                               ? batch_norm_cpu(x, weight, bias, to_mean, to_var, factor, eps_)
                               : torch::native_batch_norm(x, weight, bias, to_mean, to_var, true, factor, eps_);
  if (record_calls_) calls_.push_back({mean, invstd, count});
  return y;
}

void BatchNorm::begin_pass() {
  calls_in_pass_ = 0;
  calls_.clear();
}

void BatchNorm::record_calls(bool on) {
  record_calls_ = on;
  begin_pass();
}

}  // namespace ablate
