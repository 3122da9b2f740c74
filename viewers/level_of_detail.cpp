#include "viewers/level_of_detail.h"

#include <atomic>

#include "viewers/find_line.h"

namespace ablate {

std::uint64_t level_of_detail::new_version() {
  static std::atomic<std::uint64_t> versions{0};
  return ++versions;
}

Extent SpanPoints::extent(std::size_t begin, std::size_t end) const {
  Extent extent;
  for (const double value : y_.subspan(begin, end - begin)) extent.add(value);
  return extent;
}

std::size_t first_at(const PointsByX& line, double x) {
  return level_of_detail::boundary(0, line.size(), line.size() / 2, [&](std::size_t i) { return line.x(i) >= x; });
}

VisibleLine visible_line(std::span<const double> x, std::span<const double> y, double x_min, double x_max, int columns,
                         XScale scale) {
  VisibleLine line;
  find_visible_line(SpanPoints(x, y), x_min, x_max, columns, scale, line);
  return line;
}

void find_visible_line(const PointsByX& points, double x_min, double x_max, int columns, XScale scale,
                       VisibleLine& line) {
  level_of_detail::find_line(points, x_min, x_max, columns, scale, line);
}

}  // namespace ablate
