#pragma once

#include <torch/types.h>

#include <cstddef>
#include <vector>

#include "experiments/training/task.h"

namespace ablate {

/// How long forward passes of `images` (N×3×H×W, on the networks' device) take in eval mode, in the precision of the
/// Autocast that the caller has: milliseconds, ascending, of at least `least` passes and of as many as `seconds` have
/// room for, a thousand at most. Three more come first and don't count. Networks are left as they were.
std::vector<double> forward_milliseconds(Task& task, const torch::Tensor& images, std::size_t least, double seconds);

}  // namespace ablate
