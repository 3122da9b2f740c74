#include "experiments/metrics/components.h"

namespace ablate {

Components components_of(const BitPlane& plane) {
  const std::size_t width = static_cast<std::size_t>(plane.width), pixels = plane.values.size();
  Components result{std::vector<int>(pixels, 0), {}};
  std::vector<std::size_t> pending;
  for (std::size_t first = 0; first < pixels; ++first) {
    if (!plane.values[first] || result.labels[first]) continue;
    result.sizes.push_back(0);
    const int label = static_cast<int>(result.sizes.size());
    const auto reach = [&](std::size_t pixel) {
      if (!plane.values[pixel] || result.labels[pixel]) return;
      result.labels[pixel] = label;
      pending.push_back(pixel);
    };
    reach(first);
    while (!pending.empty()) {
      const std::size_t pixel = pending.back();
      pending.pop_back();
      ++result.sizes.back();
      const std::size_t column = pixel % width;
      if (column > 0) reach(pixel - 1);
      if (column + 1 < width) reach(pixel + 1);
      if (pixel >= width) reach(pixel - width);
      if (pixel + width < pixels) reach(pixel + width);
    }
  }
  return result;
}

}  // namespace ablate
