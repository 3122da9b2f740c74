#pragma once

#include <cstddef>
#include <vector>

#include "experiments/metrics/plane.h"

namespace ablate {

/// The 4-connected components of what is yes in a plane {H, W}. They are numbered from 1 in the order in which their
/// first pixels come, row by row.
struct Components {
  std::vector<int> labels;         ///< height · width; 0 where the plane is no
  std::vector<std::size_t> sizes;  ///< sizes[k - 1]: the pixels of component k
};
Components components_of(const BitPlane& plane);

}  // namespace ablate
