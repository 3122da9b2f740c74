#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "experiments/training/networks.h"

namespace ablate {

/// Gathers the batch statistics of every norm that tracks them at every step, per place of use, on the device, from
/// what the forward pass computes anyway; the result of the pass is the same, bit for bit. Used by the thread that
/// trains.
class LayerStats {
 public:
  explicit LayerStats(const std::vector<Network>& networks);

  /// Around the forward passes of a training step.
  void begin_step();
  void end_step();

  /// One place: running statistics as they are (unbiased variance), batch statistics (biased) averaged over the steps
  /// since the last take(); one value a channel.
  struct Layer {
    std::string name;  ///< "down1.1"
    std::vector<float> running_mean, running_var, batch_mean, batch_var;
    double gap = 0;  ///< mean over the channels of |running mean − batch mean| / batch σ (ours); ≥ 0
  };
  /// In order of the places; empty when there was nothing to gather. Waits for the device, once for all layers.
  std::vector<Layer> take();

 private:
  struct Place {
    std::size_t norm, call;
    std::int64_t channels;
    bool operator==(const Place&) const = default;
  };

  std::vector<Network> networks_;
  std::vector<NormModule> norms_;
  std::vector<Place> places_;
  torch::Tensor mean_sum_, variance_sum_;  ///< {all channels of all places}
  std::int64_t steps_ = 0;
};

}  // namespace ablate
