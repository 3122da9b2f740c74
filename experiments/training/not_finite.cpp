#include "experiments/training/not_finite.h"

#include <ATen/record_function.h>
#include <fmt/format.h>

#include <map>
#include <optional>

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
    found().reset();
    names().clear();
    for (const Network& network : networks)
      for (const auto& [name, parameter] : unique_parameters(*network.module))
        names()[parameter.unsafeGetTensorImpl()] = qualified(networks, network.name, name.substr(0, name.rfind('.')));
    handle_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback([](const at::RecordFunction& function) -> std::unique_ptr<at::ObserverContext> {
          if (!found() && std::string_view(function.name()) == "aten::convolution") look(function.inputs());
          return nullptr;
        })
            .needsInputs(true)
            .scopes({at::RecordScope::FUNCTION}));
  }
  ~Watch() { at::removeCallback(handle_); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  static std::optional<std::string>& found() {
    static thread_local std::optional<std::string> layer;
    return layer;
  }

 private:
  static std::map<const void*, std::string>& names() {
    static thread_local std::map<const void*, std::string> all;
    return all;
  }
  static void look(c10::ArrayRef<const c10::IValue> inputs) {
    const auto name = names().find(inputs[1].toTensor().unsafeGetTensorImpl());
    if (!finite(inputs[0].toTensor())) found() = name == names().end() ? "a convolution" : name->second;
  }

  at::CallbackHandle handle_;
};

}  // namespace

std::string first_not_finite(Task& task, const Batch& batch) {
  for (const auto& [name, tensor] : batch.tensors)
    if (!finite(tensor)) return fmt::format("the batch's \"{}\"", name);
  const std::vector<Network> networks = task.networks();
  for (const Network& network : networks)
    for (const auto& [name, parameter] : unique_parameters(*network.module))
      if (!finite(parameter)) return fmt::format("the weights {}", qualified(networks, network.name, name));
  Measuring measuring(networks, Mode::train);
  measuring.begin_pass();
  const Watch watch(networks);
  const Task::Evaluation evaluation = task.evaluate(batch);
  if (Watch::found()) return fmt::format("what {} gets as its input", *Watch::found());
  return "the loss itself, or the last layer";
}

}  // namespace ablate
