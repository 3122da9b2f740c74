#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ablate {

/// A borrowed plane {height, width} of floats, row by row from the top; [0, 1] where it is a mask or an alpha matte.
/// Copying it copies no pixel; it must not outlive what it looks at.
class PlaneView {
 public:
  /// Throws Error unless height and width are at least 1 and there are height · width values.
  PlaneView(std::span<const float> values, int height, int width);

  int height() const { return height_; }
  int width() const { return width_; }
  std::span<const float> values() const { return values_; }
  std::size_t size() const { return values_.size(); }
  /// Unchecked: 0 ≤ y < height, 0 ≤ x < width.
  float at(int y, int x) const { return values_[static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + x]; }

 private:
  std::span<const float> values_;
  int height_, width_;
};

/// A plane that owns its values; a PlaneView wherever one is asked for.
struct Plane {
  int height = 0;
  int width = 0;
  std::vector<float> values;  ///< height · width, row by row

  operator PlaneView() const { return {values, height, width}; }
};

/// A plane of yes (1) and no (0): a region, or a mask cut at a threshold.
struct BitPlane {
  int height = 0;
  int width = 0;
  std::vector<std::uint8_t> values;  ///< height · width, row by row

  std::size_t count() const;  ///< how many are yes
};

/// Where a value is above `threshold`; NaN is not.
BitPlane above(PlaneView plane, float threshold);
bool has_nan(PlaneView plane);

/// Throws Error, with both sizes, unless the two are equally large and so is `only`, where it is given.
void require_same_size(PlaneView prediction, PlaneView target, const BitPlane* only = nullptr);

}  // namespace ablate
