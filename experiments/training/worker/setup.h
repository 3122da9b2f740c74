#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiments/run_config.h"

namespace ablate {

/// The configuration in `<folder>/run.json`. Throws Error when it is not there or damaged.
RunConfig read_run_config(const std::filesystem::path& folder);

/// Torch's threads: train.threads, else $ABLATE_THREADS, else as many as there are cores. Set before the first tensor
/// operation; results depend on it in the last bits.
void set_threads(const RunConfig& config);

}  // namespace ablate
