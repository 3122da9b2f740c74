#pragma once

#include <optional>
#include <vector>

#include "experiments/training/layer_activity.h"
#include "runs/findings.h"

namespace ablate {

/// layers-not-updated: layers that a training step has no gradient for.
std::optional<Finding> layers_not_updated(const std::vector<LayerActivity::Layer>& layers);

/// dead-units: a layer that is given nothing but zeros, so that whatever it has learnt is lost and nothing before it
/// learns any more. `at_the_start`: the same network's layers before its first step; where it began so that is the
/// cause of all else, otherwise (or where that is not known) what came of it.
std::optional<Finding> dead_layer(const std::vector<LayerActivity::Layer>& layers,
                                  const std::vector<LayerActivity::Layer>& at_the_start = {});

}  // namespace ablate
