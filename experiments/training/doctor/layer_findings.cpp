#include "experiments/training/doctor/layer_findings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ablate {
namespace {

bool is_dead(const LayerActivity::Layer& layer) { return layer.input_zeros == 1.0; }

}  // namespace

std::optional<Finding> layers_not_updated(const std::vector<LayerActivity::Layer>& layers) {
  std::vector<std::string> still;
  for (const LayerActivity::Layer& layer : layers)
    if (!layer.gradient_norm) still.push_back(layer.name);
  if (still.empty() || still.size() == layers.size()) return std::nullopt;
  const std::size_t all = still.size();
  if (all > 6) still.resize(6);
  Finding finding;
  finding.cause = "layers-not-updated";
  finding.layer = still.front();
  finding.confidence = 0.9;
  finding.sentence = fmt::format("A training step leaves {} of {} layers as they are ({}{}): they get no gradient.",
                                 all, layers.size(), fmt::join(still, ", "), all > 6 ? ", …" : "");
  finding.evidence = {
      fmt::format("a training step has gradients for {} of {} layers", layers.size() - all, layers.size())};
  finding.cure = "hand their parameters to the optimiser, with requires_grad, and keep their outputs in the graph";
  return finding;
}

std::optional<Finding> dead_layer(const std::vector<LayerActivity::Layer>& layers,
                                  const std::vector<LayerActivity::Layer>& at_the_start) {
  const auto dead = std::ranges::find_if(layers, is_dead);
  const auto is_stuck = [](const LayerActivity::Layer& layer) { return layer.gradient_norm == 0.0; };
  // An input may be black; of units that are off the layer before them gets no gradient either.
  if (dead == layers.end() || std::none_of(layers.begin(), dead, is_stuck)) return std::nullopt;
  const bool from_the_start = std::ranges::any_of(
      at_the_start, [&](const LayerActivity::Layer& layer) { return layer.name == dead->name && is_dead(layer); });
  std::vector<std::string> stuck;
  for (const LayerActivity::Layer& layer : layers)
    if (is_stuck(layer)) stuck.push_back(layer.name);
  Finding finding;
  finding.cause = "dead-units";
  finding.layer = dead->name;
  finding.confidence = from_the_start ? 0.99 : 0.6;
  finding.sentence = fmt::format(
      "All that {} is given are zeros{}: every unit before it is off, for every picture of a batch. {} of {} layers "
      "get "
      "a gradient of exactly 0, so that can't mend itself.",
      dead->name, from_the_start ? ", from the start on" : "", stuck.size(), layers.size());
  finding.evidence = {fmt::format("layers whose gradient is 0: {}", fmt::join(stuck, ", "))};
  finding.cure = "model.activation = leaky_relu";
  return finding;
}

}  // namespace ablate
