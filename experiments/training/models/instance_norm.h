#pragma once

#include <cstdint>

#include "experiments/training/models/tracking_norm.h"

namespace ablate {

/// Instance normalisation of {B, C, H, W}: each plane to mean 0 and biased variance 1, then times `weight` plus `bias`
/// ({C}, both or neither defined). Equal to PyTorch's up to rounding. On the CPU the channels-last format is kept,
/// where PyTorch's own converts to rows and back around every call. Throws Error for planes of one pixel.
torch::Tensor instance_norm(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias, double eps);

/// torch.nn.InstanceNorm2d without running statistics: the same in train and eval mode.
class InstanceNorm : public Layer {
 public:
  InstanceNorm(std::int64_t channels, bool affine, double eps);
  torch::Tensor forward(torch::Tensor x) override { return instance_norm(x, weight_, bias_, eps_); }

 private:
  torch::Tensor weight_, bias_;
  double eps_;
};

/// torch.nn.InstanceNorm2d(track_running_stats=True): in eval mode one mean and variance for all samples, the running
/// mean over the samples of each batch of theirs (the variance unbiased). As in PyTorch the counter stays 0. Of a call
/// it hands out the mean over the samples; `count` = H·W.
class TrackingInstanceNorm : public TrackingNorm {
 public:
  /// `momentum` in [0, 1]
  TrackingInstanceNorm(std::int64_t channels, bool affine, double momentum, double eps);

 protected:
  torch::Tensor normalised(const torch::Tensor& x) override;

 private:
  double momentum_;
};

}  // namespace ablate
