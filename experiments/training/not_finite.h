#pragma once

#include <string>

#include "experiments/training/task.h"

namespace ablate {

/// Where NaN or infinity comes from, in words: a tensor of the batch, a network's weights, or the first convolution
/// that gets them as its input in a forward pass in train mode (which moves no buffers). "the loss itself" where the
/// network gives nothing but finite numbers.
std::string first_not_finite(Task& task, const Batch& batch);

}  // namespace ablate
