#pragma once

#include <torch/torch.h>

namespace ablate {

/// Absolute error of Laplacian pyramids, (1/5) Σ_l 2^l · mean|ΔL_l| over five levels (as in BGMv2): blur
/// with outer([1, 4, 6, 4, 1])/256 after reflection by 2; down keeps even pixels, up inserts zeros and blurs four times
/// that; sizes are cropped to even. Where a level's side has fewer than 4 pixels, it and those below it count nothing.
/// {B, 1, H, W} both, in [0, 1]; a scalar ≥ 0. Throws c10::Error for shapes that differ, as sobel_loss does.
torch::Tensor laplacian_loss(const torch::Tensor& probability, const torch::Tensor& target);

/// mean |Δ √(gx² + gy² + 1e-6)|, Sobel kernels / 8, borders replicated (BGMv2). {B, 1, H, W} both; a scalar.
torch::Tensor sobel_loss(const torch::Tensor& probability, const torch::Tensor& target);

}  // namespace ablate
