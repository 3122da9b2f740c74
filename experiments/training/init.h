#pragma once

#include <limits>
#include <string>
#include <vector>

#include "experiments/run_config.h"
#include "experiments/training/networks.h"

namespace ablate {

/// What became of the tensors of init.from.
struct InitReport {
  std::string from;                           ///< the file or checkpoint
  std::string prefix;                         ///< that names in the file have before ours ("module."); empty where none
  std::string note;                           ///< the file's (WeightsFile)
  std::vector<std::string> loaded;            ///< names as in our networks
  std::vector<std::string> left_out;          ///< not asked for by init.what, or excluded by init.exclude
  std::vector<std::string> missing;           ///< asked for, and not in the file
  std::vector<std::string> unexpected;        ///< in the file, and not in our networks
  std::vector<std::string> idle_patterns;     ///< of init.what and init.exclude, that are of no name anywhere
  std::vector<std::string> of_another_shape;  ///< with both shapes, for people

  /// One sentence for what was loaded, and one for each kind of what was not, with the first `most` names.
  std::vector<std::string> lines(std::size_t most = std::numeric_limits<std::size_t>::max()) const;
};

/// Starts networks from the weights that init.from names: a run's folder (its newest checkpoint), a checkpoint's, or a
/// file (safetensors, .pth) where there is one network. init.what and init.exclude are patterns of names ("up*",
/// "*.num_batches_tracked"). Other floating types are converted. With init.strict, throws Error naming what is missing,
/// unexpected, of another shape, or a pattern of nothing, and the networks are as they were; so they are for weights
/// that are not finite. Nothing to do without init.from: an empty report.
InitReport initialise(const RunConfig& config, const std::vector<Network>& networks);

}  // namespace ablate
