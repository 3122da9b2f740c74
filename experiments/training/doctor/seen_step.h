#pragma once

#include <string_view>
#include <vector>

#include "experiments/training/doctor/doctor.h"
#include "experiments/training/layer_activity.h"

namespace ablate {

/// What one training step of a copy shows.
struct SeenStep {
  std::vector<LayerActivity::Layer> layers;  ///< before it is made, and how far it moves them at the highest rate
  int with_gradient = 0, without = 0;  ///< calls of convolutions that are trained, by whether a gradient was taken
};

/// Of networks with the weights that `from` has; nullptr: of those that training begins with. Sets torch's random seed.
SeenStep see_step(const Patient& patient, Task* from);

/// Of PyTorch's operations ("aten::conv2d").
bool is_convolution(std::string_view operation);

}  // namespace ablate
