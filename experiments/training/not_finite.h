#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiments/training/task.h"
#include "experiments/training/validation.h"

namespace ablate {

/// A tensor of the networks' states, weight or buffer, that is not finite throughout. Waits for the device.
std::optional<std::string> not_finite_weights(const std::vector<Network>& networks);

/// Whether the networks make a finite loss of `batch` (in train mode too without moving buffers); true where the batch
/// is not finite itself. In the precision of the Autocast that the caller has. Waits for the device.
bool makes_finite_loss(Task& task, const Batch& batch, Mode mode);

/// Where NaN or infinity comes from, in words; nothing where the loss is finite: a tensor of the batch, a network's
/// weights, or the first convolution that gets them as its input in a forward pass in train mode (which moves no
/// buffers); where none does, what the last of them gives, or the loss. In the precision of the Autocast that the
/// caller has.
std::optional<std::string> first_not_finite(Task& task, const Batch& batch);

}  // namespace ablate
