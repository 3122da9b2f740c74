#pragma once

#include <torch/torch.h>

namespace ablate {

/// Instance normalisation of {B, C, H, W} without weights and buffers: each plane to mean 0 and biased variance 1.
/// Equal to PyTorch's up to rounding. On the CPU the channels-last format is kept, where PyTorch's own converts to rows
/// and back around every call. Throws Error for planes of one pixel.
torch::Tensor instance_norm(const torch::Tensor& x, double eps);

}  // namespace ablate
