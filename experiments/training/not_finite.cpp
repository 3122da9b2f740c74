#include "experiments/training/not_finite.h"

#include <ATen/record_function.h>
#include <fmt/format.h>

#include <map>
#include <optional>
#include <vector>

#include "experiments/training/networks.h"
#include "experiments/training/precision.h"
#include "experiments/training/validation.h"

namespace ablate {
namespace {

bool finite(const torch::Tensor& tensor) {
  return !tensor.defined() || !tensor.is_floating_point() || tensor.isfinite().all().item<bool>();
}

/// Watches convolutions; one at a time.
class Watch {
 public:
  explicit Watch(const std::vector<Network>& networks) {
    seen() = {};
    for (const Network& network : networks)
      for (const auto& [name, parameter] : unique_parameters(*network.module))
        seen().names[parameter.unsafeGetTensorImpl()] =
            qualified(networks, network.name, name.substr(0, name.rfind('.')));
    handle_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback([](const at::RecordFunction& function) -> std::unique_ptr<at::ObserverContext> {
          if (std::string_view(function.name()) == "aten::convolution") look(function.inputs());
          return nullptr;
        })
            .needsInputs(true)
            .scopes({at::RecordScope::FUNCTION}));
  }
  ~Watch() { at::removeCallback(handle_); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// Of the convolutions, as they came; "a convolution" where its weights are a copy in another precision.
  static const std::vector<std::string>& layers() { return seen().layers; }
  /// Which of them was the first with an input that is not finite.
  static std::optional<std::size_t> first() { return seen().first; }

 private:
  struct Seen {
    std::map<const void*, std::string> names;
    std::vector<std::string> layers;
    std::optional<std::size_t> first;
  };
  static Seen& seen() {
    static thread_local Seen all;
    return all;
  }
  static void look(c10::ArrayRef<const c10::IValue> inputs) {
    const auto name = seen().names.find(inputs[1].toTensor().unsafeGetTensorImpl());
    if (!seen().first && !finite(inputs[0].toTensor())) seen().first = seen().layers.size();
    seen().layers.push_back(name == seen().names.end() ? "a convolution" : name->second);
  }

  at::CallbackHandle handle_;
};

}  // namespace

std::optional<std::string> not_finite_weights(const std::vector<Network>& networks) {
  for (const Network& network : networks)
    for (const auto& [name, tensor] : state_of(*network.module))
      if (!finite(tensor)) return qualified(networks, network.name, name);
  return std::nullopt;
}

std::string first_not_finite(Task& task, const Batch& batch) {
  for (const auto& [name, tensor] : batch.tensors)
    if (!finite(tensor)) return fmt::format("the batch's \"{}\"", name);
  const std::vector<Network> networks = task.networks();
  if (const auto weights = not_finite_weights(networks)) return "the weights " + *weights;
  Measuring measuring(networks, Mode::train);
  std::vector<std::string> layers;
  {
    // Mixed precision computes with copies of the weights: which layer comes when is seen without it.
    const NoAutocast full_precision(batch.tensors.begin()->second.device());
    const Watch watch(networks);
    measuring.begin_pass();
    task.forward(batch);
    layers = Watch::layers();
  }
  const Watch watch(networks);
  measuring.begin_pass();
  task.forward(batch);
  if (const auto first = Watch::first(); first && *first < layers.size())
    return fmt::format("what {} gets as its input", layers[*first]);
  return "the loss itself, or the last layer";
}

}  // namespace ablate
