#pragma once

#include <optional>
#include <string>

#include "experiments/run_config.h"

namespace ablate {

/// A configuration with the changes that a finding's cure names ("model.norm_sharing = none", "norm=group",
/// "loss.ce = 1, loss.mse = 0"). nullopt where the cure is words, or no change that this configuration allows.
std::optional<RunConfig> cured(const RunConfig& config, const std::string& cure);

}  // namespace ablate
