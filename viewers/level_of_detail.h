#pragma once

#include <span>
#include <vector>

namespace ablate {

/// What has to be drawn of a line so that it looks, pixel for pixel, as if every point had been drawn.
struct VisibleLine {
  /// In drawing order. A NaN in `y` interrupts the line where the values are not finite.
  std::vector<double> x, y;
  struct NotFinite {
    double x, value;
  };
  /// Values that are NaN or infinite, the first of them in each pixel column.
  std::vector<NotFinite> not_finite;
};

enum class XScale { linear, logarithmic };

/// Reduces the points (x ascending, equal sizes) that lie in [x_min, x_max] to at most two for each of `columns` pixel
/// columns, the smallest and the largest value in it, in the order in which they come; so no spike is ever lost. The
/// nearest point on either side is added, so that the line goes on to the edge. Where there are no more than two points
/// a column all of them are kept. On a logarithmic scale x_min is positive.
VisibleLine visible_line(std::span<const double> x, std::span<const double> y, double x_min, double x_max, int columns,
                         XScale scale = XScale::linear);

}  // namespace ablate
