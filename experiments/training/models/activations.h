#pragma once

#include <string>
#include <vector>

#include "experiments/training/models/layer.h"

namespace ablate {

/// A new activation, elementwise on a tensor of any shape, PyTorch's of that name with its defaults (leaky_relu's slope
/// .01; prelu one learnt slope, .25 at first; gelu by erf; softplus with β 1). Works in place where that loses nothing.
/// Throws Error for an unknown name.
LayerPtr make_activation(const std::string& name);

/// What make_activation accepts.
std::vector<std::string> activation_names();

}  // namespace ablate
