#pragma once

#include <cstdint>
#include <optional>

#include "experiments/training/models/tracking_norm.h"

namespace ablate {

/// Batch normalisation of {B, C, H, W}, equal to torch.nn.BatchNorm2d in result, gradients, buffers and state-dict
/// names. What it hands out of a call, the forward kernel computes anyway; `count` = B·H·W.
class BatchNorm : public TrackingNorm {
 public:
  /// `momentum` in [0, 1]; nullopt: running statistics are the plain mean over all batches so far.
  explicit BatchNorm(std::int64_t channels, std::optional<double> momentum = 0.1, double eps = 1e-5);

 protected:
  /// Throws Error for one value per channel.
  torch::Tensor normalised(const torch::Tensor& x) override;

 private:
  std::optional<double> momentum_;
};

}  // namespace ablate
