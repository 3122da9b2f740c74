#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "runs/series.h"

namespace ablate {

/// One run as `export` prints it: {tag: [[step, wall_seconds, value], …]}, points in TensorBoard's order, numbers that
/// are not finite as the strings "NaN", "Infinity", "-Infinity". Only tags that match one of `tag_globs` (fnmatch(3),
/// where * also matches "/"); all when there are none. How the command puts it together:
///   RunReader reader(folder); reader.poll(); result[info.id] = export_scalars(*reader.data(), globs);
/// and what reader.data()->problems says goes to standard error.
nlohmann::json export_scalars(const RunData& data, std::span<const std::string> tag_globs = {});

}  // namespace ablate
