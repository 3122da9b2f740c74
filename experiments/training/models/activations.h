#pragma once

#include <string>
#include <vector>

#include "experiments/training/models/layer.h"

namespace ablate {

/// A new activation, elementwise, with PyTorch's defaults. Works in place where that loses nothing. Throws Error for an
/// unknown name.
LayerPtr make_activation(const std::string& name);

/// What make_activation accepts.
std::vector<std::string> activation_names();

}  // namespace ablate
