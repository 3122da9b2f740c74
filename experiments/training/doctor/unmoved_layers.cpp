#include "experiments/training/doctor/unmoved_layers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "experiments/training/networks.h"

namespace ablate {
namespace {

/// Of its weights: a step that does not get lost in rounding.
constexpr double kMoves = 1e-6;

/// Layers of the run that have the parameters they began with.
std::map<std::string, bool> as_begun(const Patient& patient) {
  const std::unique_ptr<Task> begun = copied_task(patient.config, patient.device, nullptr);
  const std::vector<Network> ours = patient.task.networks(), theirs = begun->networks();
  std::map<std::string, bool> same;
  for (std::size_t n = 0; n < ours.size(); ++n) {
    std::map<std::string, torch::Tensor> then;
    for (const auto& [name, parameter] : unique_parameters(*theirs[n].module)) then[name] = parameter;
    for (const auto& [name, parameter] : unique_parameters(*ours[n].module)) {
      const std::string layer = qualified(ours, ours[n].name, name.substr(0, name.rfind('.')));
      const bool alike = then.contains(name) && torch::equal(parameter, then[name]);
      same[layer] = alike && (!same.contains(layer) || same[layer]);
    }
  }
  return same;
}

}  // namespace

bool layers_never_moved(Attempts& attempts, const SeenStep& now) {
  if (attempts.patient().averaged || attempts.start().layers.empty()) return false;
  std::map<std::string, bool> begun = as_begun(attempts.patient());
  std::vector<std::string> still;
  for (const LayerActivity::Layer& layer : now.layers)
    if (layer.update_ratio.value_or(0) > kMoves && begun[layer.name]) still.push_back(layer.name);
  attempts.note(fmt::format("{} of {} layers have the weights that the run began with", still.size(), begun.size()));
  if (still.empty() || still.size() == now.layers.size()) return false;
  const std::size_t all = still.size();
  if (all > 6) still.resize(6);
  attempts.found(
      {"layers-not-updated",
       still.front(),
       0.97,
       fmt::format("{} of {} layers ({}{}) have, bit for bit, the weights that the run began with, after {} "
                   "steps; a training step of a copy does move them: they are frozen, or were never handed "
                   "to the optimiser.",
                   all, now.layers.size(), fmt::join(still, ", "), all > 6 ? ", …" : "", attempts.patient().steps),
       {attempts.last_note()},
       "hand their parameters to the optimiser, with requires_grad"});
  return true;
}

}  // namespace ablate
