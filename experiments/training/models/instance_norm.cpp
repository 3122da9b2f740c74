#include "experiments/training/models/instance_norm.h"

#include <fmt/format.h>

#include "runs/error.h"

namespace ablate {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// An image is a batch of one: batch norm's kernels do the work, image by image, straight into the result's slices.
class PerImage : public torch::autograd::Function<PerImage> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& x, double eps) {
    const std::int64_t batch = x.size(0), channels = x.size(1);
    Tensor y = torch::empty_like(x);
    Tensor mean = torch::empty({batch, channels}, x.options());
    Tensor invstd = torch::empty({batch, channels}, x.options());
    for (std::int64_t b = 0; b < batch; ++b) {
      Tensor y_b = y.narrow(0, b, 1), mean_b = mean[b], invstd_b = invstd[b];
      torch::native_batch_norm_out(y_b, mean_b, invstd_b, x.narrow(0, b, 1), {}, {}, {}, {}, true, 0, eps);
    }
    context->save_for_backward({x, mean, invstd});
    context->saved_data["eps"] = eps;
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &x = saved[0], &mean = saved[1], &invstd = saved[2];
    const double eps = context->saved_data["eps"].toDouble();
    const Tensor gradient = gradients[0].contiguous(x.suggest_memory_format());
    Tensor result = torch::empty_like(x);
    for (std::int64_t b = 0; b < x.size(0); ++b) {
      Tensor result_b = result.narrow(0, b, 1), no_weight, no_bias;
      result_b.copy_(
          std::get<0>(torch::native_batch_norm_backward(gradient.narrow(0, b, 1), x.narrow(0, b, 1), {}, {}, {},
                                                        mean[b], invstd[b], true, eps, {true, false, false})));
    }
    return {result, Tensor()};
  }
};

}  // namespace

Tensor instance_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  if (x.size(2) * x.size(3) < 2) {
    throw Error(fmt::format(
        "Instance norm needs planes of more than one pixel, and got {}x{}: use a larger data.size or a smaller "
        "model.depth.",
        x.size(2), x.size(3)));
  }
  if (!x.device().is_cpu() || !x.is_contiguous(torch::MemoryFormat::ChannelsLast))
    return torch::instance_norm(x, weight, bias, {}, {}, true, 0, eps, true);
  const Tensor y = PerImage::apply(x, eps);
  if (!weight.defined()) return y;
  const auto per_channel = [&](const Tensor& each) { return each.to(y.scalar_type()).view({1, -1, 1, 1}); };
  return torch::addcmul(per_channel(bias), y, per_channel(weight));
}

InstanceNorm::InstanceNorm(std::int64_t channels, bool affine, double eps) : Layer("InstanceNorm2d"), eps_(eps) {
  if (!affine) return;
  weight_ = register_parameter("weight", torch::ones(channels));
  bias_ = register_parameter("bias", torch::zeros(channels));
}

TrackingInstanceNorm::TrackingInstanceNorm(std::int64_t channels, bool affine, double momentum, double eps)
    : TrackingNorm("InstanceNorm2d", channels, affine, eps), momentum_(momentum) {}

Tensor TrackingInstanceNorm::normalised(const Tensor& x) {
  const Tensor y = instance_norm(x, weight, bias, eps());
  if (!moves_buffers() && !recording()) return y;
  const torch::NoGradGuard no_grad;
  const std::int64_t count = x.size(2) * x.size(3);
  auto [variance, mean] = torch::var_mean(x.detach().to(running_mean.scalar_type()), torch::IntArrayRef{2, 3}, 0);
  mean = mean.mean(0);
  variance = variance.mean(0);
  if (moves_buffers()) {
    running_mean.lerp_(mean, momentum_);
    running_var.lerp_(variance * (double(count) / double(count - 1)), momentum_);
  }
  record({mean, (variance + eps()).rsqrt(), count});
  return y;
}

}  // namespace ablate
