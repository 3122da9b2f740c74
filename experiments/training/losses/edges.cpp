#include "experiments/training/losses/edges.h"

#include <cmath>

namespace ablate {
namespace {

using torch::Tensor;

/// {1, 1, 5, 5}
Tensor gauss_kernel(const torch::TensorOptions& options) {
  const Tensor row = torch::tensor({1.0, 4.0, 6.0, 4.0, 1.0}, options);
  return (torch::outer(row, row) / 256).view({1, 1, 5, 5});
}

Tensor blur(const Tensor& x, const Tensor& kernel) {
  return torch::conv2d(torch::reflection_pad2d(x, {2, 2, 2, 2}), kernel);
}

Tensor even_pixels(const Tensor& x) { return x.slice(2, 0, c10::nullopt, 2).slice(3, 0, c10::nullopt, 2); }

/// Twice the size, from what even_pixels left of it.
Tensor enlarged(const Tensor& x, const Tensor& kernel) {
  Tensor sparse = torch::zeros({x.size(0), x.size(1), 2 * x.size(2), 2 * x.size(3)}, x.options());
  even_pixels(sparse).copy_(4 * x);
  return blur(sparse, kernel);
}

Tensor gradient_length(const Tensor& x) {
  const Tensor across =
      torch::tensor({{-1.0, 0.0, 1.0}, {-2.0, 0.0, 2.0}, {-1.0, 0.0, 1.0}}, x.options().requires_grad(false)) / 8;
  const Tensor kernels = torch::stack({across, across.t()}).unsqueeze(1);
  const Tensor gradients = torch::conv2d(torch::replication_pad2d(x, {1, 1, 1, 1}), kernels);
  return (gradients.square().sum(1) + 1e-6).sqrt();
}

}  // namespace

Tensor laplacian_loss(const Tensor& probability, const Tensor& target) {
  constexpr int kLevels = 5;
  const Tensor kernel = gauss_kernel(probability.options().requires_grad(false));
  Tensor loss = probability.sum() * 0;
  // Every step of a pyramid is linear: the pyramid of the difference is the difference of the pyramids.
  Tensor level = probability - target;
  for (int l = 0; l < kLevels; ++l) {
    level = level.slice(2, 0, level.size(2) / 2 * 2).slice(3, 0, level.size(3) / 2 * 2);
    if (std::min(level.size(2), level.size(3)) < 4) break;
    const Tensor down = even_pixels(blur(level, kernel));
    loss = loss + std::exp2(l) * (level - enlarged(down, kernel)).abs().mean();
    level = down;
  }
  return loss / kLevels;
}

Tensor sobel_loss(const Tensor& probability, const Tensor& target) {
  return (gradient_length(probability) - gradient_length(target)).abs().mean();
}

}  // namespace ablate
