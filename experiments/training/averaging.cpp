#include "experiments/training/averaging.h"

#include <limits>
#include <unordered_set>

namespace ablate {

AveragedWeights::AveragedWeights(const std::vector<Network>& networks, std::optional<double> decay) : decay_(decay) {
  const torch::NoGradGuard no_grad;
  std::unordered_set<const void*> seen;
  for (const Network& network : networks) {
    for (const auto& [_, tensor] : state_of(*network.module)) {
      if (!seen.insert(tensor.unsafeGetTensorImpl()).second) continue;
      pairs_.push_back({tensor, tensor.detach().clone(), tensor.requires_grad()});
    }
  }
}

void AveragedWeights::add() {
  const torch::NoGradGuard no_grad;
  const double share = decay_ && added_ > 0 ? 1 - *decay_ : 1.0 / static_cast<double>(added_ + 1);
  std::vector<torch::Tensor> averages, live;
  for (Pair& pair : pairs_) {
    if (pair.parameter) {
      averages.push_back(pair.average);
      live.push_back(pair.live.detach());
    } else {
      pair.average.copy_(pair.live);
    }
  }
  if (!averages.empty()) torch::_foreach_lerp_(averages, live, share);
  ++added_;
}

NamedTensors AveragedWeights::state(const Network& network) const {
  NamedTensors named = state_of(*network.module);
  for (auto& [_, tensor] : named) {
    for (const Pair& pair : pairs_) {
      if (!tensor.is_same(pair.live)) continue;
      tensor = pair.average;
      break;
    }
  }
  return named;
}

void AveragedWeights::exchange() {
  const torch::NoGradGuard no_grad;
  for (Pair& pair : pairs_) {
    const torch::Tensor kept = pair.live.detach().clone();
    pair.live.detach().copy_(pair.average);
    pair.average.copy_(kept);
  }
}

void update_bn(Task& task, FixedBatches& batches) {
  const PreciseStatistics estimated(task, batches, std::numeric_limits<std::size_t>::max());
  const torch::NoGradGuard no_grad;
  for (const PreciseStatistics::Module& module : estimated.modules()) {
    const TrackingNorm::Buffers buffers = module.shared();
    module.norm.module->running_mean.copy_(buffers.mean);
    module.norm.module->running_var.copy_(buffers.variance);
    module.norm.module->num_batches_tracked.fill_(
        static_cast<std::int64_t>(module.places.size() * estimated.batches()));
  }
}

}  // namespace ablate
