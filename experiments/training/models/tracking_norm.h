#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "experiments/training/models/layer.h"

namespace ablate {

/// A normalisation of {B, C, H, W} with running statistics, made to be watched: it counts its calls within a pass (a
/// module registered at two places is called twice), and hands out the statistics of each call. Watching changes no
/// bit. State-dict names are PyTorch's: running_mean, running_var, num_batches_tracked.
class TrackingNorm : public Layer {
 public:
  /// In train mode what `normalised` makes; in eval mode with the running statistics.
  torch::Tensor forward(torch::Tensor x) override;

  /// Statistics of one call, {C} each, on the device. `invstd` = 1 / √(biased variance + eps); `count`: of how many
  /// values they are.
  struct Call {
    torch::Tensor mean, invstd;
    std::int64_t count = 0;
  };

  /// What follows is the first call of a pass: forgets the calls of the last one.
  void begin_pass();
  int calls_in_pass() const { return calls_in_pass_; }

  /// While on, the calls of a pass that normalise with statistics of their own are kept.
  void record_calls(bool on);
  const std::vector<Call>& calls() const { return calls_; }

  /// While off, train mode normalises as ever and leaves buffers and counter alone.
  void move_buffers(bool on) { move_buffers_ = on; }

  /// Running statistics of one place of use, {C} each.
  struct Buffers {
    torch::Tensor mean, variance;
  };
  /// While not empty, the k-th call of a pass in eval mode uses the k-th of these instead of the module's own buffers.
  void use_buffers_per_place(std::vector<Buffers> places) { places_ = std::move(places); }

  /// While set, that call of a pass in eval mode normalises with the statistics of its batch.
  void use_batch_at(std::optional<std::size_t> call) { by_batch_ = call; }

  std::int64_t channels() const { return running_mean.size(0); }
  double eps() const { return eps_; }

  torch::Tensor weight, bias;  ///< {C}, or undefined: not affine
  torch::Tensor running_mean, running_var, num_batches_tracked;

 protected:
  TrackingNorm(std::string kind, std::int64_t channels, bool affine, double eps);

  /// In train mode; hands its statistics to `record` and moves the buffers where moves_buffers().
  virtual torch::Tensor normalised(const torch::Tensor& x) = 0;

  bool moves_buffers() const { return move_buffers_; }
  bool recording() const { return record_calls_; }
  void record(Call call);

 private:
  double eps_;
  bool move_buffers_ = true;
  bool record_calls_ = false;
  int calls_in_pass_ = 0;
  std::vector<Call> calls_;
  std::vector<Buffers> places_;
  std::optional<std::size_t> by_batch_;
};

}  // namespace ablate
