#include "experiments/training/optimizers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "runs/error.h"

namespace ablate {
namespace {

using torch::Tensor;

class Adam : public Optimizer {
 public:
  Adam(const RunConfig& config, NamedTensors parameters)
      : Optimizer(std::move(parameters), config.real("optimizer.beta1")),
        beta2_(config.real("optimizer.beta2")),
        eps_(config.real("optimizer.eps")),
        weight_decay_(config.real("optimizer.weight_decay")),
        means_(add_state("exp_avg")),
        squares_(add_state("exp_avg_sq")),
        steps_(add_counter("step")) {}

  void step(double lr, double momentum) override {
    const Ready now = ready();
    if (now.indices.empty()) return;
    const std::vector<Tensor> steps = pick(steps_, now.indices);
    torch::_foreach_add_(steps, 1);
    torch::_fused_adam_(now.parameters, now.gradients, pick(means_, now.indices), pick(squares_, now.indices), {},
                        steps, lr, momentum, beta2_, weight_decay_, eps_, false, false);
  }

 private:
  double beta2_, eps_, weight_decay_;
  std::vector<Tensor>&means_, &squares_, &steps_;
};

class Sgd : public Optimizer {
 public:
  Sgd(const RunConfig& config, NamedTensors parameters)
      : Optimizer(std::move(parameters), config.real("optimizer.momentum")),
        weight_decay_(config.real("optimizer.weight_decay")),
        // Starting at zero equals PyTorch's start with a copy of the gradient, since nothing is dampened.
        momenta_(add_state("momentum_buffer")) {}

  void step(double lr, double momentum) override {
    const Ready now = ready();
    if (now.indices.empty()) return;
    const std::vector<Tensor> momenta = momentum == 0 ? std::vector<Tensor>() : pick(momenta_, now.indices);
    torch::_fused_sgd_(now.parameters, now.gradients, momenta, weight_decay_, momentum, lr, 0, false, false, false);
  }

 private:
  double weight_decay_;
  std::vector<Tensor>& momenta_;
};

template <class T>
std::unique_ptr<Optimizer> make(const RunConfig& config, NamedTensors parameters) {
  return std::make_unique<T>(config, std::move(parameters));
}

struct OptimizerKind {
  const char* name;
  std::unique_ptr<Optimizer> (*make)(const RunConfig& config, NamedTensors parameters);
};

constexpr std::array kOptimizers{OptimizerKind{"adam", make<Adam>}, OptimizerKind{"sgd", make<Sgd>}};

}  // namespace

Optimizer::Optimizer(NamedTensors parameters, double default_momentum)
    : parameters_(std::move(parameters)), default_momentum_(default_momentum) {}

std::vector<Tensor>& Optimizer::add_state(const std::string& name) {
  auto tensors = std::make_unique<std::vector<Tensor>>();
  for (const auto& [_, parameter] : parameters_) tensors->push_back(torch::zeros_like(parameter.detach()));
  return *states_.emplace_back(name, std::move(tensors)).second;
}

std::vector<Tensor>& Optimizer::add_counter(const std::string& name) {
  auto tensors = std::make_unique<std::vector<Tensor>>();
  for (const auto& [_, parameter] : parameters_) {
    tensors->push_back(torch::zeros({}, parameter.options().dtype(torch::kFloat).requires_grad(false)));
  }
  return *states_.emplace_back(name, std::move(tensors)).second;
}

NamedTensors Optimizer::state() const {
  NamedTensors all;
  for (const auto& [name, tensors] : states_) {
    for (std::size_t i = 0; i < tensors->size(); ++i)
      all.emplace_back(parameters_[i].first + "." + name, (*tensors)[i]);
  }
  return all;
}

Optimizer::Ready Optimizer::ready() const {
  Ready now;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& parameter = parameters_[i].second;
    Tensor gradient = parameter.grad();
    if (!gradient.defined()) continue;
    if (gradient.strides() != parameter.strides()) {
      gradient = torch::empty_like(parameter.detach()).copy_(gradient);
    }
    now.parameters.push_back(parameter.detach());
    now.gradients.push_back(std::move(gradient));
    now.indices.push_back(i);
  }
  return now;
}

std::vector<Tensor> Optimizer::pick(const std::vector<Tensor>& all, const std::vector<std::size_t>& indices) {
  if (indices.size() == all.size()) return all;
  std::vector<Tensor> picked;
  for (const std::size_t i : indices) picked.push_back(all[i]);
  return picked;
}

std::unique_ptr<Optimizer> make_optimizer(const RunConfig& config, NamedTensors parameters) {
  const std::string name = config.text("optimizer.name");
  for (const OptimizerKind& entry : kOptimizers) {
    if (name == entry.name) return entry.make(config, std::move(parameters));
  }
  throw Error(
      fmt::format("optimizer.name: unknown optimiser \"{}\"; known are {}.", name, fmt::join(optimizer_names(), ", ")));
}

std::vector<std::string> optimizer_names() {
  std::vector<std::string> names;
  for (const OptimizerKind& entry : kOptimizers) names.emplace_back(entry.name);
  return names;
}

}  // namespace ablate
