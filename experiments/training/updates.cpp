#include "experiments/training/updates.h"

#include <fmt/format.h>

#include <unordered_map>

#include "runs/error.h"

namespace ablate {
namespace {

using torch::Tensor;

/// Each tensor once, under its name in its network.
NamedTensors named(const std::vector<Tensor>& tensors, const std::vector<Network>& networks) {
  std::unordered_map<const void*, std::string> names;
  for (const Network& network : networks) {
    for (const auto& [name, parameter] : unique_parameters(*network.module)) {
      names.emplace(parameter.unsafeGetTensorImpl(), qualified(networks, network.name, name));
    }
  }
  NamedTensors result;
  for (const Tensor& tensor : without_duplicates(tensors)) {
    const auto known = names.find(tensor.unsafeGetTensorImpl());
    result.emplace_back(known != names.end() ? known->second : fmt::format("parameter{}", result.size()), tensor);
  }
  return result;
}

/// torch.nn.utils.clip_grad_norm_, without waiting for the device.
void clip(const NamedTensors& parameters, double max_norm) {
  std::vector<Tensor> gradients;
  for (const auto& [_, parameter] : parameters) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  if (gradients.empty()) return;
  const Tensor total = torch::linalg_vector_norm(torch::stack(torch::_foreach_norm(gradients, 2)), 2);
  torch::_foreach_mul_(gradients, (max_norm / (total + 1e-6)).clamp_max(1.0));
}

}  // namespace

Updates::Updates(Task& task, const RunConfig& config)
    : clip_norm_(config.is_set("train.clip_norm") ? config.real("train.clip_norm") : 0) {
  const std::vector<Network> networks = task.networks();
  for (const Network& network : networks) {
    for (const auto& [_, parameter] : unique_parameters(*network.module)) all_parameters_.push_back(parameter);
  }
  for (const OptimizerSpec& spec : task.optimizers()) {
    optimizers_[spec.name] = make_optimizer(config, named(spec.parameters, networks));
    lr_scales_[spec.name] = spec.lr_scale;
  }
}

void Updates::update(const std::string& name, const std::vector<LossTerm>& terms) {
  const auto found = optimizers_.find(name);
  if (found == optimizers_.end())
    throw Error(fmt::format("The task asked for an update of \"{}\", which it has not named.", name));
  if (terms.empty()) throw Error(fmt::format("The task asked for an update of \"{}\" without a loss.", name));
  Optimizer& optimizer = *found->second;

  Tensor total;
  for (const LossTerm& term : terms) {
    const Tensor weighted = term.weight == 1 ? term.value : term.value * term.weight;
    total = total.defined() ? total + weighted : weighted;
    add(term.name, term.value);
  }
  add("", total);

  // Of all networks: another update's backward pass may have left gradients in this one.
  for (Tensor& parameter : all_parameters_) parameter.mutable_grad().reset();
  total.backward();
  if (watcher_) watcher_(optimizer);
  if (clip_norm_ > 0) {
    torch::NoGradGuard no_grad;
    clip(optimizer.parameters(), clip_norm_);
  }
  optimizer.step(value_.lr * lr_scales_[name], value_.momentum.value_or(optimizer.default_momentum()));
}

void Updates::add(const std::string& name, const Tensor& value) {
  torch::NoGradGuard no_grad;
  Tensor& sum = sums_[name];
  if (sum.defined()) {
    sum.add_(value.detach());
  } else {
    sum = value.detach().clone();
  }
}

std::map<std::string, double> Updates::take_losses() {
  std::map<std::string, double> losses;
  for (const auto& [name, sum] : sums_)
    losses[name] = sum.item<double>() / static_cast<double>(std::max<std::int64_t>(steps_, 1));
  sums_.clear();
  steps_ = 0;
  return losses;
}

}  // namespace ablate
