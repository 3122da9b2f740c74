#include "experiments/training/layer_activity.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

namespace ablate {
namespace {

using torch::Tensor;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// Operations that take what a layer is given, and then its weights.
bool has_weights(std::string_view operation) {
  return operation == "aten::conv2d" || operation == "aten::conv_transpose2d" || operation == "aten::linear";
}

Tensor norm_of(const Tensor& tensor) { return torch::linalg_vector_norm(tensor.to(torch::kFloat), 2); }

}  // namespace

LayerActivity::LayerActivity(const std::vector<Network>& networks) {
  for (const Network& network : networks)
    for (const auto& [name, tensor] : unique_parameters(*network.module)) {
      const std::string layer = qualified(networks, network.name, name.substr(0, name.rfind('.')));
      if (layers_.empty() || layers_.back() != layer) layers_.push_back(layer);
      by_tensor_[tensor.unsafeGetTensorImpl()] = parameters_.size();
      parameters_.push_back({layers_.size() - 1, tensor, {}, {}});
    }
}

void LayerActivity::begin_batch() {
  watching_ = std::make_unique<Operations>(
      [this](std::string_view operation, c10::ArrayRef<const c10::IValue> inputs) { look(operation, inputs); });
}

void LayerActivity::end_batch() { watching_.reset(); }

void LayerActivity::look(std::string_view operation, c10::ArrayRef<const c10::IValue> inputs) {
  if (!has_weights(operation)) return;
  const auto layer = by_tensor_.find(inputs[1].toTensor().unsafeGetTensorImpl());
  if (layer == by_tensor_.end()) return;  // Autocast's copy of weights that were seen already.
  const torch::NoGradGuard no_grad;
  const Tensor given = inputs[0].toTensor().to(torch::kFloat);
  const auto count = static_cast<double>(given.numel());
  input_layers_.push_back(parameters_[layer->second].layer);
  inputs_.push_back(torch::stack(
      {given.mean(), norm_of(given).square() / count, 1 - torch::count_nonzero(given).to(torch::kFloat) / count}));
}

void LayerActivity::look_at_gradients(const Optimizer& optimizer) {
  const torch::NoGradGuard no_grad;
  for (const auto& [_, tensor] : optimizer.parameters()) {
    const auto found = by_tensor_.find(tensor.unsafeGetTensorImpl());
    if (found == by_tensor_.end() || !tensor.grad().defined()) continue;
    parameters_[found->second].before = tensor.detach().clone();
    parameters_[found->second].gradient_norm = norm_of(tensor.grad());
  }
}

std::vector<LayerActivity::Layer> LayerActivity::take() {
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> norms;  // Of each parameter: weights, and those that moved: gradient and step.
  for (const Parameter& each : parameters_) {
    norms.push_back(norm_of(each.before.defined() ? each.before : each.tensor));
    if (!each.before.defined()) continue;
    norms.push_back(each.gradient_norm);
    norms.push_back(norm_of(each.tensor - each.before));
  }
  if (norms.empty()) return {};
  for (const Tensor& input : inputs_) norms.push_back(input);
  std::vector<Tensor> flat;
  for (const Tensor& each : norms) flat.push_back(each.reshape({-1}));
  const Tensor all = torch::cat(flat).cpu();
  const float* next = all.const_data_ptr<float>();

  struct Sums {
    double weights = 0, gradients = 0, steps = 0, mean = 0, square = 0, zeros = 0;
    int calls = 0;
    bool moved = false;
  };
  std::vector<Sums> sums(layers_.size());
  const auto squared = [&next] {
    const double norm = *next++;
    return norm * norm;
  };
  for (Parameter& each : parameters_) {
    Sums& sum = sums[each.layer];
    sum.weights += squared();
    if (!each.before.defined()) continue;
    sum.moved = true;
    sum.gradients += squared();
    sum.steps += squared();
    each.before = each.gradient_norm = Tensor();
  }
  for (const std::size_t layer : input_layers_) {
    Sums& sum = sums[layer];
    ++sum.calls;
    sum.mean += *next++;
    sum.square += *next++;
    sum.zeros += *next++;
  }
  inputs_.clear();
  input_layers_.clear();

  std::vector<Layer> layers;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Sums& sum = sums[i];
    const double calls = sum.calls, mean = sum.mean / calls;  // NaN without any.
    layers.push_back({layers_[i], mean, std::sqrt(std::max(0.0, sum.square / calls - mean * mean)), sum.zeros / calls,
                      std::sqrt(sum.weights), sum.moved ? std::sqrt(sum.gradients) : kNone,
                      sum.moved ? std::sqrt(sum.steps / sum.weights) : kNone});
  }
  return layers;
}

}  // namespace ablate
