#pragma once

#include <string>
#include <vector>

#include "experiments/run_config.h"
#include "experiments/training/models/layer.h"

namespace ablate {

/// The network that model.* describes: {B, 3, H, W} to {B, outputs, H, W} logits, for any H and W (unet;
/// unet-milesial takes those that its halvings leave a pixel of). Throws Error for an unknown name or value.
LayerPtr make_model(const RunConfig& config, std::int64_t outputs);

/// What make_model accepts as model.name.
std::vector<std::string> model_names();

}  // namespace ablate
