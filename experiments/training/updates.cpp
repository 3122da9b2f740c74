#include "experiments/training/updates.h"

#include <fmt/format.h>

#include <cmath>
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

std::vector<Tensor> gradients_of(const NamedTensors& parameters) {
  std::vector<Tensor> gradients;
  for (const auto& [_, parameter] : parameters) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  return gradients;
}

/// torch.nn.utils.clip_grad_norm_, without waiting for the device.
void clip(const std::vector<Tensor>& gradients, double max_norm) {
  if (gradients.empty()) return;
  const Tensor total = torch::linalg_vector_norm(torch::stack(torch::_foreach_norm(gradients, 2)), 2);
  torch::_foreach_mul_(gradients, (max_norm / (total + 1e-6)).clamp_max(1.0));
}

}  // namespace

Updates::Updates(Task& task, const RunConfig& config, torch::Device device)
    : clip_norm_(config.real("train.clip_norm")),
      accumulate_(config.boolean("train.accumulate_fault") ? 1 : config.integer("train.accumulate")),
      device_(device) {
  if (autocast_type(config) == torch::kHalf) scaler_.emplace(device);
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

  // On the CPU looking costs nothing, and weights that made such a loss stay as they were.
  if (const double loss = device_.is_cpu() ? total.item<double>() : 0; !std::isfinite(loss) && !not_finite_)
    not_finite_ = loss;
  if (not_finite_) return;
  const NoAutocast full_precision(device_);
  // Of all networks: another update's backward pass may have left gradients in this one.
  for (Tensor& parameter : all_parameters_) parameter.mutable_grad().reset();
  if (accumulate_ > 1) total = total / accumulate_;
  (scaler_ ? scaler_->scaled(total) : total).backward();
  if (!gather(name, optimizer)) return;
  if (scaler_ && !scaler_->unscale(gradients_of(optimizer.parameters()))) return;
  if (watcher_) watcher_(optimizer);
  if (clip_norm_ > 0) {
    torch::NoGradGuard no_grad;
    clip(gradients_of(optimizer.parameters()), clip_norm_);
  }
  optimizer.step(value_.lr * lr_scales_[name], value_.momentum.value_or(optimizer.default_momentum()));
}

bool Updates::gather(const std::string& name, const Optimizer& optimizer) {
  if (accumulate_ == 1) return true;
  const torch::NoGradGuard no_grad;
  std::vector<Tensor>& sums = gathered_[name];
  if (sums.empty()) sums.resize(optimizer.parameters().size());
  const bool last = batch_ == accumulate_ - 1;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    Tensor parameter = optimizer.parameters()[i].second;
    const Tensor gradient = parameter.grad();
    if (gradient.defined()) sums[i] = sums[i].defined() ? sums[i].add_(gradient) : gradient;
    if (last) parameter.mutable_grad() = sums[i];
  }
  if (last) sums.clear();
  return last;
}

void Updates::restore_scaler(const nlohmann::json& state) {
  if (scaler_ && !state.is_null()) scaler_->restore(state);
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
