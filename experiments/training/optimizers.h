#pragma once

#include <memory>
#include <string>
#include <vector>

#include "experiments/run_config.h"
#include "experiments/training/networks.h"

namespace ablate {

/// One optimiser over a list of parameters of any shapes; every update is one kernel, or a few over all of them.
/// Results equal torch.optim's of the same name with its defaults, its weight decay (decoupled in AdamW alone)
/// included:
/// - sgd: b ← μb + g, w ← w − ηb (nesterov: η(g + μb))
/// - adam: m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w − η·m̂/(√v̂ + ε), m̂ and v̂ corrected for their start at 0
/// - adamw: the same after w ← w·(1 − η·decay)
/// - rmsprop: v ← αv + (1 − α)g², w ← w − η·g/(√v + ε), through b ← μb + that where there is momentum
/// - adagrad: s ← s + g², w ← w − η·g/(√s + ε)
///
/// Parameters without a gradient are passed over. Not thread-safe.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  /// One update with the gradients that the parameters hold. `lr` ≥ 0; `momentum` in [0, 1] is SGD's and RMSprop's μ or
  /// Adam's β₁, and not looked at by Adagrad.
  virtual void step(double lr, double momentum) = 0;
  /// The momentum that the configuration asks for, where no schedule moves it.
  double default_momentum() const { return default_momentum_; }
  const NamedTensors& parameters() const { return parameters_; }
  /// What it remembers, as "<parameter>.<PyTorch's name of the state>"; copying into these tensors restores it.
  NamedTensors state() const;

 protected:
  Optimizer(NamedTensors parameters, double default_momentum);
  /// One tensor a parameter, zeros in its own format.
  std::vector<torch::Tensor>& add_state(const std::string& name);
  std::vector<torch::Tensor>& add_counter(const std::string& name);

  struct Ready {
    std::vector<torch::Tensor> parameters, gradients;
    std::vector<std::size_t> indices;
  };
  /// The parameters with a gradient, which is brought into the parameter's memory format: fused kernels run over both
  /// as flat arrays.
  Ready ready() const;
  /// Gradients with weight_decay times the parameters added (PyTorch's coupled weight decay).
  static std::vector<torch::Tensor> decayed(const Ready& now, double weight_decay);
  static std::vector<torch::Tensor> pick(const std::vector<torch::Tensor>& all,
                                         const std::vector<std::size_t>& indices);

 private:
  NamedTensors parameters_;
  double default_momentum_;
  std::vector<std::pair<std::string, std::unique_ptr<std::vector<torch::Tensor>>>> states_;
};

/// From optimizer.*. Throws Error for an unknown name.
std::unique_ptr<Optimizer> make_optimizer(const RunConfig& config, NamedTensors parameters);

/// What make_optimizer accepts as optimizer.name.
std::vector<std::string> optimizer_names();

}  // namespace ablate
