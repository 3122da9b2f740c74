#include "experiments/training/optimizers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "runs/error.h"

namespace ablate {
namespace {

using torch::Tensor;

double real_or(const RunConfig& config, const char* key, double otherwise) {
  return config.is_set(key) ? config.real(key) : otherwise;
}

/// Adam, and with the weight decay decoupled AdamW.
class Adam : public Optimizer {
 public:
  Adam(const RunConfig& config, NamedTensors parameters)
      : Optimizer(std::move(parameters), config.real("optimizer.beta1")),
        decoupled_(config.text("optimizer.name") == "adamw"),
        beta2_(config.real("optimizer.beta2")),
        eps_(real_or(config, "optimizer.eps", 1e-8)),
        weight_decay_(real_or(config, "optimizer.weight_decay", decoupled_ ? 1e-2 : 0)),
        means_(add_state("exp_avg")),
        squares_(add_state("exp_avg_sq")),
        steps_(add_counter("step")) {}

  void step(double lr, double momentum) override {
    const Ready now = ready();
    if (now.indices.empty()) return;
    const std::vector<Tensor> steps = pick(steps_, now.indices);
    torch::_foreach_add_(steps, 1);
    const auto fused = decoupled_ ? fused_adamw : fused_adam;
    fused(now, pick(means_, now.indices), pick(squares_, now.indices), steps, lr, momentum, beta2_, weight_decay_,
          eps_);
  }

 private:
  using Tensors = std::vector<Tensor>;
  static void fused_adam(const Ready& now, Tensors means, Tensors squares, const Tensors& steps, double lr,
                         double beta1, double beta2, double weight_decay, double eps) {
    torch::_fused_adam_(now.parameters, now.gradients, means, squares, {}, steps, lr, beta1, beta2, weight_decay, eps,
                        false, false);
  }
  static void fused_adamw(const Ready& now, Tensors means, Tensors squares, const Tensors& steps, double lr,
                          double beta1, double beta2, double weight_decay, double eps) {
    torch::_fused_adamw_(now.parameters, now.gradients, means, squares, {}, steps, lr, beta1, beta2, weight_decay, eps,
                         false, false);
  }

  bool decoupled_;
  double beta2_, eps_, weight_decay_;
  std::vector<Tensor>&means_, &squares_, &steps_;
};

class Sgd : public Optimizer {
 public:
  Sgd(const RunConfig& config, NamedTensors parameters)
      : Optimizer(std::move(parameters), real_or(config, "optimizer.momentum", 0.9)),
        weight_decay_(real_or(config, "optimizer.weight_decay", 0)),
        nesterov_(config.boolean("optimizer.nesterov")),
        // Starting at zero equals PyTorch's start with a copy of the gradient, since nothing is dampened.
        momenta_(add_state("momentum_buffer")) {}

  void step(double lr, double momentum) override {
    const Ready now = ready();
    if (now.indices.empty()) return;
    const std::vector<Tensor> momenta = momentum == 0 ? std::vector<Tensor>() : pick(momenta_, now.indices);
    torch::_fused_sgd_(now.parameters, now.gradients, momenta, weight_decay_, momentum, lr, 0, nesterov_, false, false);
  }

 private:
  double weight_decay_;
  bool nesterov_;
  std::vector<Tensor>& momenta_;
};

/// v ← αv + (1 − α)g²; the step is g/(√v + ε), through a buffer b ← momentum·b + step where there is momentum.
class RmsProp : public Optimizer {
 public:
  RmsProp(const RunConfig& config, NamedTensors parameters)
      : Optimizer(std::move(parameters), real_or(config, "optimizer.momentum", 0)),
        alpha_(config.real("optimizer.alpha")),
        eps_(real_or(config, "optimizer.eps", 1e-8)),
        weight_decay_(real_or(config, "optimizer.weight_decay", 0)),
        squares_(add_state("square_avg")),
        momenta_(add_state("momentum_buffer")) {}

  void step(double lr, double momentum) override {
    const torch::NoGradGuard no_grad;
    const Ready now = ready();
    if (now.indices.empty()) return;
    const std::vector<Tensor> gradients = decayed(now, weight_decay_), squares = pick(squares_, now.indices);
    torch::_foreach_mul_(squares, alpha_);
    torch::_foreach_addcmul_(squares, gradients, gradients, 1 - alpha_);
    const std::vector<Tensor> scales = torch::_foreach_sqrt(squares);
    torch::_foreach_add_(scales, eps_);
    if (momentum == 0) return torch::_foreach_addcdiv_(now.parameters, gradients, scales, -lr);
    const std::vector<Tensor> momenta = pick(momenta_, now.indices);
    torch::_foreach_mul_(momenta, momentum);
    torch::_foreach_addcdiv_(momenta, gradients, scales, 1);
    torch::_foreach_add_(now.parameters, momenta, -lr);
  }

 private:
  double alpha_, eps_, weight_decay_;
  std::vector<Tensor>&squares_, &momenta_;
};

/// s ← s + g²; the step is g/(√s + ε).
class Adagrad : public Optimizer {
 public:
  Adagrad(const RunConfig& config, NamedTensors parameters)
      : Optimizer(std::move(parameters), 0),
        eps_(real_or(config, "optimizer.eps", 1e-10)),
        weight_decay_(real_or(config, "optimizer.weight_decay", 0)),
        sums_(add_state("sum")) {}

  void step(double lr, double) override {
    const torch::NoGradGuard no_grad;
    const Ready now = ready();
    if (now.indices.empty()) return;
    const std::vector<Tensor> gradients = decayed(now, weight_decay_), sums = pick(sums_, now.indices);
    torch::_foreach_addcmul_(sums, gradients, gradients, 1);
    const std::vector<Tensor> scales = torch::_foreach_sqrt(sums);
    torch::_foreach_add_(scales, eps_);
    torch::_foreach_addcdiv_(now.parameters, gradients, scales, -lr);
  }

 private:
  double eps_, weight_decay_;
  std::vector<Tensor>& sums_;
};

template <class T>
std::unique_ptr<Optimizer> make(const RunConfig& config, NamedTensors parameters) {
  return std::make_unique<T>(config, std::move(parameters));
}

struct OptimizerKind {
  const char* name;
  std::unique_ptr<Optimizer> (*make)(const RunConfig& config, NamedTensors parameters);
};

constexpr std::array kOptimizers{OptimizerKind{"adam", make<Adam>}, OptimizerKind{"adamw", make<Adam>},
                                 OptimizerKind{"sgd", make<Sgd>}, OptimizerKind{"rmsprop", make<RmsProp>},
                                 OptimizerKind{"adagrad", make<Adagrad>}};

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

std::vector<Tensor> Optimizer::decayed(const Ready& now, double weight_decay) {
  return weight_decay == 0 ? now.gradients : torch::_foreach_add(now.gradients, now.parameters, weight_decay);
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
