#include "experiments/training/layer_activity.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace ablate {
namespace {

using torch::Tensor;

/// Operations that take what a layer is given, and then its weights.
bool has_weights(std::string_view operation) {
  return operation == "aten::conv2d" || operation == "aten::conv_transpose2d" || operation == "aten::linear";
}

/// [1].
Tensor norm_of(const Tensor& tensor) { return torch::linalg_vector_norm(tensor.to(torch::kFloat), 2).reshape(1); }

}  // namespace

LayerActivity::LayerActivity(const std::vector<Network>& networks) {
  for (const Network& network : networks) {
    if (!network.trainable) continue;
    for (const auto& [name, tensor] : unique_parameters(*network.module)) {
      const std::string layer = qualified(networks, network.name, name.substr(0, name.rfind('.')));
      if (layers_.empty() || layers_.back() != layer) layers_.push_back(layer);
      by_tensor_[tensor.unsafeGetTensorImpl()] = parameters_.size();
      parameters_.push_back({layers_.size() - 1, tensor, {}, {}});
    }
  }
}

void LayerActivity::begin_batch() {
  watching_.reset();
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
  inputs_.push_back({parameters_[layer->second].layer, count,
                     torch::cat({given.mean().reshape(1), norm_of(given).square() / count,
                                 1 - torch::count_nonzero(given).to(torch::kFloat).reshape(1) / count})});
}

void LayerActivity::look_at_gradients(const Optimizer& optimizer) {
  const torch::NoGradGuard no_grad;
  for (const auto& [_, tensor] : optimizer.parameters()) {
    const auto found = by_tensor_.find(tensor.unsafeGetTensorImpl());
    if (found == by_tensor_.end() || !tensor.grad().defined()) continue;
    Parameter& parameter = parameters_[found->second];
    if (!parameter.before.defined()) parameter.before = tensor.detach().clone();
    parameter.gradient_norm = norm_of(tensor.grad());
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
  for (const Input& input : inputs_) norms.push_back(input.values);
  const Tensor all = torch::cat(norms).cpu();
  const float* next = all.const_data_ptr<float>();

  struct Sums {
    double weights = 0, gradients = 0, steps = 0, count = 0, mean = 0, square = 0, zeros = 0;
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
  for (const Input& input : inputs_) {
    Sums& sum = sums[input.layer];
    sum.count += input.count;
    sum.mean += input.count * *next++;
    sum.square += input.count * *next++;
    sum.zeros += input.count * *next++;
  }
  inputs_.clear();

  std::vector<Layer> layers;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Sums& sum = sums[i];
    Layer& layer = layers.emplace_back();
    layer.name = layers_[i];
    layer.weight_norm = std::sqrt(sum.weights);
    if (sum.moved) {
      layer.gradient_norm = std::sqrt(sum.gradients);
      layer.update_ratio = std::sqrt(sum.steps / sum.weights);
    }
    if (sum.count > 0) {
      const double mean = sum.mean / sum.count, variance = sum.square / sum.count - mean * mean;
      layer.input_mean = mean;
      layer.input_std = variance < 0 ? 0.0 : std::sqrt(variance);  // NaN stays.
      layer.input_zeros = sum.zeros / sum.count;
    }
  }
  return layers;
}

}  // namespace ablate
