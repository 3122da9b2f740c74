#pragma once

#include <optional>
#include <string>

#include "experiments/run_config.h"

namespace ablate {

/// A configuration with the change that a finding's cure names ("model.norm_sharing = none", "norm=group"). nullopt
/// where the cure is words, or no change that this configuration allows.
std::optional<RunConfig> cured(const RunConfig& config, const std::string& cure);

}  // namespace ablate
