#include "experiments/training/not_finite.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <vector>

#include "experiments/training/networks.h"
#include "experiments/training/operations.h"
#include "experiments/training/precision.h"

namespace ablate {
namespace {

bool finite(const torch::Tensor& tensor) {
  return !tensor.defined() || !tensor.is_floating_point() || tensor.isfinite().all().item<bool>();
}

/// The convolutions of a forward pass, as they came.
struct Convolutions {
  std::vector<std::string> layers;   ///< "a convolution" where its weights are a copy in another precision
  std::optional<std::size_t> first;  ///< of them with an input that is not finite
};

Convolutions convolutions_of(Task& task, const Batch& batch, Measuring& measuring) {
  std::map<const void*, std::string> names;
  const std::vector<Network> networks = task.networks();
  for (const Network& network : networks)
    for (const auto& [name, parameter] : unique_parameters(*network.module))
      names[parameter.unsafeGetTensorImpl()] = qualified(networks, network.name, name.substr(0, name.rfind('.')));
  Convolutions seen;
  const Operations watch([&](std::string_view operation, c10::ArrayRef<const c10::IValue> inputs) {
    if (operation != "aten::convolution") return;
    const auto name = names.find(inputs[1].toTensor().unsafeGetTensorImpl());
    if (!seen.first && !finite(inputs[0].toTensor())) seen.first = seen.layers.size();
    seen.layers.push_back(name == names.end() ? "a convolution" : name->second);
  });
  measuring.begin_pass();
  task.forward(batch);
  return seen;
}

}  // namespace

std::optional<std::string> not_finite_weights(const std::vector<Network>& networks) {
  for (const Network& network : networks)
    for (const auto& [name, tensor] : state_of(*network.module))
      if (!finite(tensor)) return qualified(networks, network.name, name);
  return std::nullopt;
}

bool makes_finite_loss(Task& task, const Batch& batch, Mode mode) {
  for (const auto& [_, tensor] : batch.tensors)
    if (!finite(tensor)) return true;
  Measuring measuring(task.networks(), mode);
  measuring.begin_pass();
  for (const LossTerm& term : task.evaluate(batch).losses)
    if (!finite(term.value)) return false;
  return true;
}

std::optional<std::string> first_not_finite(Task& task, const Batch& batch) {
  for (const auto& [name, tensor] : batch.tensors)
    if (!finite(tensor)) return fmt::format("the batch's \"{}\"", name);
  const std::vector<Network> networks = task.networks();
  // Not buffers: a step that went wrong has left it in those of the norms that come later.
  for (const Network& network : networks)
    for (const auto& [name, parameter] : unique_parameters(*network.module))
      if (!finite(parameter)) return "the weights " + qualified(networks, network.name, name);
  if (makes_finite_loss(task, batch, Mode::train)) return std::nullopt;
  Measuring measuring(networks, Mode::train);
  // Mixed precision computes with copies of the weights: which layer comes when is seen without it.
  const std::vector<std::string> layers = [&] {
    const NoAutocast full_precision(batch.tensors.begin()->second.device());
    return convolutions_of(task, batch, measuring).layers;
  }();
  const Convolutions seen = convolutions_of(task, batch, measuring);
  if (seen.first && *seen.first < layers.size())
    return fmt::format(
        "what {} gets as its input{}", layers[*seen.first],
        *seen.first == 0 ? "" : fmt::format(" (the convolution before it is {})", layers[*seen.first - 1]));
  if (layers.empty()) return "the loss itself";
  return fmt::format("what {}, the last layer, gives, or the loss of it", layers.back());
}

}  // namespace ablate
