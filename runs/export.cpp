#include "runs/export.h"

#include <fnmatch.h>

#include <algorithm>

#include "runs/json_file.h"

namespace ablate {

nlohmann::json export_scalars(const RunData& data, std::span<const std::string> tag_globs) {
  nlohmann::json tags = nlohmann::json::object();
  for (const auto& [name, points] : data.scalars) {
    const std::string& tag = name;  // A lambda may not capture a structured binding.
    const auto matches = [&](const std::string& glob) { return ::fnmatch(glob.c_str(), tag.c_str(), 0) == 0; };
    if (!tag_globs.empty() && std::ranges::none_of(tag_globs, matches)) continue;
    nlohmann::json& rows = tags[tag] = nlohmann::json::array();
    for (std::size_t i = 0; i < points.size(); ++i)
      rows.push_back({points[i].step, json_number(points[i].wall_seconds), json_number(points[i].value)});
  }
  return tags;
}

}  // namespace ablate
