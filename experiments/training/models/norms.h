#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "experiments/training/models/layer.h"

namespace ablate {

struct NormOptions {
  std::string name = "batch";
  std::optional<double> momentum = 0.1;  ///< in [0, 1], where statistics are tracked; nullopt: cumulative (batch only)
  bool affine = false;                   ///< instance only: with weight and bias
  bool track = false;                    ///< instance only: with running statistics, used in eval mode
  std::int64_t groups = 8;               ///< group only
};

/// A new normalisation of {B, channels, H, W}, as PyTorch's of the same name with its defaults (eps 1e-5; batch and
/// group norm with weight and bias; "layer" = group norm with one group; "none" = null). Throws Error for an unknown
/// name, and for channels that the groups don't divide.
LayerPtr make_norm(const NormOptions& options, std::int64_t channels);

/// What make_norm accepts.
std::vector<std::string> norm_names();

}  // namespace ablate
