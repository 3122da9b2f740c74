#include "experiments/training/models/activations.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "runs/error.h"

namespace ablate {
namespace {

using Function = torch::Tensor (*)(torch::Tensor);

class Elementwise : public Layer {
 public:
  Elementwise(const char* kind, Function function) : Layer(kind), function_(function) {}
  torch::Tensor forward(torch::Tensor x) override { return function_(std::move(x)); }

 private:
  Function function_;
};

class PRelu : public Layer {
 public:
  PRelu() : Layer("PReLU"), weight_(register_parameter("weight", torch::full({1}, 0.25))) {}
  torch::Tensor forward(torch::Tensor x) override { return torch::prelu(x, weight_); }

 private:
  torch::Tensor weight_;
};

struct ActivationKind {
  const char* name;
  const char* kind;
  Function function;  ///< null: has parameters of its own, made in make_activation
};

// In place only where the backward pass needs nothing but the result, and the result determines the slope.
constexpr std::array kActivations{
    ActivationKind{"relu", "ReLU", [](torch::Tensor x) { return x.relu_(); }},
    ActivationKind{"leaky_relu", "LeakyReLU", [](torch::Tensor x) { return torch::leaky_relu_(x, 0.01); }},
    ActivationKind{"prelu", "PReLU", nullptr},
    ActivationKind{"elu", "ELU", [](torch::Tensor x) { return torch::elu(x); }},
    ActivationKind{"selu", "SELU", [](torch::Tensor x) { return torch::selu(x); }},
    ActivationKind{"gelu", "GELU", [](torch::Tensor x) { return torch::gelu(x); }},
    ActivationKind{"silu", "SiLU", [](torch::Tensor x) { return torch::silu(x); }},
    ActivationKind{"mish", "Mish", [](torch::Tensor x) { return torch::mish(x); }},
    ActivationKind{"sigmoid", "Sigmoid", [](torch::Tensor x) { return torch::sigmoid(x); }},
    ActivationKind{"tanh", "Tanh", [](torch::Tensor x) { return torch::tanh(x); }},
    ActivationKind{"softplus", "Softplus", [](torch::Tensor x) { return torch::softplus(x); }},
    ActivationKind{"hardswish", "Hardswish", [](torch::Tensor x) { return torch::hardswish(x); }},
    ActivationKind{"identity", "Identity", [](torch::Tensor x) { return x; }},
};

}  // namespace

LayerPtr make_activation(const std::string& name) {
  for (const ActivationKind& entry : kActivations) {
    if (name != entry.name) continue;
    if (!entry.function) return std::make_shared<PRelu>();
    return std::make_shared<Elementwise>(entry.kind, entry.function);
  }
  throw Error(fmt::format("model.activation: unknown activation \"{}\"; known are {}.", name,
                          fmt::join(activation_names(), ", ")));
}

std::vector<std::string> activation_names() {
  std::vector<std::string> names;
  for (const ActivationKind& entry : kActivations) names.emplace_back(entry.name);
  return names;
}

}  // namespace ablate
