#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "experiments/training/models/layer.h"

namespace ablate {

/// Batch normalisation of {B, C, H, W}, equal to torch.nn.BatchNorm2d in result, gradients, buffers and state-dict
/// names, and made to be watched: it counts its calls within a pass (a module registered at two places is called
/// twice), and hands out the statistics of each call, which the forward kernel computes anyway. Watching changes no
/// bit.
class BatchNorm : public Layer {
 public:
  /// `momentum` nullopt: running statistics are the plain mean over all batches so far.
  explicit BatchNorm(std::int64_t channels, std::optional<double> momentum = 0.1, double eps = 1e-5);

  torch::Tensor forward(torch::Tensor x) override;

  /// Statistics of one call, {C} each, on the device. `invstd` = 1 / √(biased variance + eps); `count` = B·H·W.
  struct Call {
    torch::Tensor mean, invstd;
    std::int64_t count = 0;
  };

  /// What follows is the first call of a pass: forgets the calls of the last one.
  void begin_pass();
  int calls_in_pass() const { return calls_in_pass_; }

  /// While on, the calls of a pass that normalise with batch statistics are kept.
  void record_calls(bool on);
  const std::vector<Call>& calls() const { return calls_; }

  /// While off, train mode normalises with batch statistics and leaves buffers and counter alone.
  void move_buffers(bool on) { move_buffers_ = on; }

  /// Running statistics of one place of use, {C} each.
  struct Buffers {
    torch::Tensor mean, variance;
  };
  /// While not empty, the k-th call of a pass in eval mode uses the k-th of these instead of the module's own buffers.
  void use_buffers_per_place(std::vector<Buffers> places) { places_ = std::move(places); }

  std::int64_t channels() const { return running_mean.size(0); }
  double eps() const { return eps_; }

  torch::Tensor weight, bias, running_mean, running_var, num_batches_tracked;

 private:
  std::optional<double> momentum_;
  double eps_;
  bool move_buffers_ = true;
  bool record_calls_ = false;
  int calls_in_pass_ = 0;
  std::vector<Call> calls_;
  std::vector<Buffers> places_;
};

}  // namespace ablate
