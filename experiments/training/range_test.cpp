#include "experiments/training/range_test.h"

#include "experiments/training/networks.h"
#include "experiments/training/training_step.h"
#include "experiments/training/updates.h"

namespace ablate {
namespace {

using torch::Tensor;

/// All weights and buffers, each once.
std::vector<Tensor> tensors_of(const std::vector<Network>& networks) {
  std::vector<Tensor> tensors;
  for (const Network& network : networks)
    for (const auto& [_, tensor] : state_of(*network.module)) tensors.push_back(tensor);
  return without_duplicates(tensors);
}

/// Networks and random generators as they were when it was made.
class State {
 public:
  explicit State(const std::vector<Network>& networks) : networks_(networks), tensors_(tensors_of(networks)) {
    const torch::NoGradGuard no_grad;
    for (const Tensor& tensor : tensors_) copies_.push_back(tensor.detach().clone());
    for (auto& [device, generator] : generators(networks)) random_.emplace_back(generator, generator.get_state());
  }
  void restore() {
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < tensors_.size(); ++i) tensors_[i].copy_(copies_[i]);
    for (auto& [generator, state] : random_) generator.set_state(state);
    for (const Network& network : networks_)
      for (Tensor& parameter : network.module->parameters()) parameter.mutable_grad().reset();
  }

 private:
  const std::vector<Network>& networks_;
  std::vector<Tensor> tensors_, copies_;
  std::vector<std::pair<torch::Generator, Tensor>> random_;
};

std::uint64_t hash_of(const std::vector<Network>& networks) {
  std::vector<Tensor> all = tensors_of(networks);
  for (auto& [device, generator] : generators(networks)) all.push_back(generator.get_state());
  return hash_tensors(all);
}

}  // namespace

RangeTestResult run_range_test(const RangeTest& test, const RunConfig& config, Task& task, TrainingBatches& batches,
                               torch::Device device, const std::function<bool(const RangeCurve&)>& point) {
  const std::vector<Network> networks = task.networks();
  RangeTestResult result{RangeCurve(test.procedure), false, hash_of(networks), 0};
  State before(networks);
  try {
    Updates updates(task, config, device);
    for (Step k = 0; k < test.steps && !result.curve.over() && !result.interrupted; ++k) {
      updates.set({test.lr(k), {}});
      // As an event keeps it, so that whoever reads the events comes to the same curve.
      result.curve.add(test.lr(k), static_cast<float>(training_step(config, task, updates, batches, device)));
      result.interrupted = !point(result.curve);
    }
  } catch (...) {
    before.restore();
    throw;
  }
  before.restore();
  result.hash_after = hash_of(networks);
  return result;
}

}  // namespace ablate
