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

struct Entry {
  const char* name;
  const char* kind;
  Function function;  ///< null: has parameters of its own, made in make_activation
};

// In place only where the backward pass needs nothing but the result, and the result determines the slope.
constexpr std::array kEntries{
    Entry{"relu", "ReLU", [](torch::Tensor x) { return x.relu_(); }},
    Entry{"leaky_relu", "LeakyReLU", [](torch::Tensor x) { return torch::leaky_relu_(x, 0.01); }},
    Entry{"prelu", "PReLU", nullptr},
    Entry{"elu", "ELU", [](torch::Tensor x) { return torch::elu(x); }},
    Entry{"selu", "SELU", [](torch::Tensor x) { return torch::selu(x); }},
    Entry{"gelu", "GELU", [](torch::Tensor x) { return torch::gelu(x); }},
    Entry{"silu", "SiLU", [](torch::Tensor x) { return torch::silu(x); }},
    Entry{"mish", "Mish", [](torch::Tensor x) { return torch::mish(x); }},
    Entry{"sigmoid", "Sigmoid", [](torch::Tensor x) { return torch::sigmoid(x); }},
    Entry{"tanh", "Tanh", [](torch::Tensor x) { return torch::tanh(x); }},
    Entry{"softplus", "Softplus", [](torch::Tensor x) { return torch::softplus(x); }},
    Entry{"hardswish", "Hardswish", [](torch::Tensor x) { return torch::hardswish(x); }},
    Entry{"identity", "Identity", [](torch::Tensor x) { return x; }},
};

}  // namespace

LayerPtr make_activation(const std::string& name) {
  for (const Entry& entry : kEntries) {
    if (name != entry.name) continue;
    if (!entry.function) return std::make_shared<PRelu>();
    return std::make_shared<Elementwise>(entry.kind, entry.function);
  }
  throw Error(fmt::format("model.activation: unknown activation \"{}\"; known are {}.", name,
                          fmt::join(activation_names(), ", ")));
}

std::vector<std::string> activation_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kEntries) names.emplace_back(entry.name);
  return names;
}

}  // namespace ablate
