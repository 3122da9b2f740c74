#pragma once

#include <string>
#include <vector>

#include "viewers/panel.h"

namespace ablate {

/// By what runs are grouped where everything but the seed counts.
inline constexpr const char* kAllButSeed = "all but the seed";

/// What the runs could be grouped by: kAllButSeed, and options or hyper-parameters in which they differ.
std::vector<std::string> group_keys(const std::vector<const RunView*>& runs);

/// Runs that have the same of what counts.
struct RunGroup {
  std::string name;  ///< "model.norm = batch"; of kAllButSeed the variant, or the first run's name
  std::vector<const RunView*> runs;
};
/// In the order of each group's first run.
std::vector<RunGroup> grouped(const std::vector<const RunView*>& runs, const std::string& key);

}  // namespace ablate
