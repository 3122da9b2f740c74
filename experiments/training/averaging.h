#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "experiments/training/networks.h"
#include "experiments/training/norm_buffers.h"

namespace ablate {

/// Averages of the weights of networks, kept beside the training: exponential (EMA), ā ← d·ā + (1 − d)·w with 0 ≤ d <
/// 1, the first that are added being ā themselves, or the plain mean of those that were added (SWA), ā ← ā + (w −
/// ā)/(n + 1). Buffers are not averaged: they are those of the latest weights, unless re-estimated
/// (torch.optim.swa_utils.AveragedModel, with get_ema_multi_avg_fn(d) for EMA). Not thread-safe.
class AveragedWeights {
 public:
  /// Begins as a copy. `decay` nullopt: the plain mean.
  AveragedWeights(const std::vector<Network>& networks, std::optional<double> decay);

  /// Adds the weights as they are now.
  void add();
  std::int64_t added() const { return added_; }

  /// For a checkpoint: as the network's state dict, of which PyTorch makes a model. Copying into these, and set_added,
  /// restores.
  NamedTensors state(const Network& network) const;
  void set_added(std::int64_t added) { added_ = added; }

  /// While alive, the networks have the averages and their buffers, and the other way round; then all is as it was, bit
  /// for bit.
  class InUse {
   public:
    explicit InUse(AveragedWeights& weights) : weights_(weights) { weights_.exchange(); }
    ~InUse() { weights_.exchange(); }
    InUse(const InUse&) = delete;
    InUse& operator=(const InUse&) = delete;

   private:
    AveragedWeights& weights_;
  };

 private:
  struct Pair {
    torch::Tensor live, average;
    bool parameter;
  };
  void exchange();

  std::vector<Pair> pairs_;  ///< every tensor once
  std::optional<double> decay_;
  std::int64_t added_ = 0;
};

/// Re-estimates the running statistics of the networks' norms by one pass over `batches`, the incomplete last one left
/// out as in training (torch.optim.swa_utils.update_bn with a loader that has drop_last: reset, then the plain mean;
/// tracking instance norms too, which PyTorch leaves out). Throws what forward passes do.
void update_bn(Task& task, FixedBatches& batches);

}  // namespace ablate
