#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "runs/types.h"

namespace ablate {

/// What `ablate evaluate` found of one checkpoint on one set, as <run>/evaluations/<set>@<step>.json keeps it.
struct StoredEvaluation {
  std::string set;  ///< "held-out", "training", or the name of a folder or manifest
  Step step = 0;    ///< of the checkpoint
  /// Means over a part of the set.
  struct Scores {
    std::size_t samples = 0;
    std::map<std::string, double> metrics;  ///< by name; NaN where a sample's was
  };
  std::string size;  ///< that it was scored at, "96x64"; "various"; empty where it is not told
  Scores all;
  std::map<std::string, Scores> strata;  ///< "area .3-.5", "brightness low", "scene bedroom", …
};

/// Of each set the one of the newest checkpoint, by set. Files that are damaged are passed over: evaluating again
/// replaces them.
std::vector<StoredEvaluation> read_evaluations(const std::filesystem::path& run);

}  // namespace ablate
