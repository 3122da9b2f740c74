#pragma once

#include <torch/torch.h>

#include <tuple>

namespace ablate {

/// Whether batch_norm_cpu takes it: {B, C, H, W} float32 or bfloat16 on the CPU, channels-last, C ≤ 16384.
bool batch_norm_cpu_takes(const torch::Tensor& x);

/// torch::native_batch_norm in train mode with the same arguments and results (y like x; mean and 1/√(var + eps)
/// float32 {C}), several times as fast where channels are few: PyTorch's walks through memory once for the mean and
/// once more for the variance, a few channels at a time. Here blocks that fit the first cache get both at once, summed
/// up in double (Chan, Golub, LeVeque 1983), in an order that doesn't depend on the number of threads. Buffers may be
/// undefined. Its gradient can be differentiated again, by PyTorch's own then. For tensors that
/// batch_norm_cpu_takes alone: it checks nothing itself.
std::tuple<torch::Tensor, torch::Tensor, torch::Tensor> batch_norm_cpu(
    const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias, const torch::Tensor& running_mean,
    const torch::Tensor& running_var, double momentum, double eps);

}  // namespace ablate
