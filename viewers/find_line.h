#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "viewers/level_of_detail.h"

/// How find_visible_line() does it, for points that the compiler can see into: a million of them are asked for with
/// every frame that moves.
namespace ablate::level_of_detail {

inline constexpr double kBreak = std::numeric_limits<double>::quiet_NaN();

/// Puts points where there is room for them already.
class LineWriter {
 public:
  /// At most `most` points will come; the line is done when the writer goes.
  LineWriter(VisibleLine& line, std::size_t most) : line_(line) {
    line.x.resize(most);
    line.y.resize(most);
  }
  ~LineWriter() {
    line_.x.resize(count_);
    line_.y.resize(count_);
  }
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  void add(double x, double y) {
    line_.x[count_] = x;
    line_.y[count_++] = y;
  }
  /// A break where none is yet.
  void interrupt(VisibleLine::NotFinite at) {
    line_.not_finite.push_back(at);
    if (count_ > 0 && !std::isnan(line_.y[count_ - 1])) add(at.x, kBreak);
  }

 private:
  VisibleLine& line_;
  std::size_t count_ = 0;
};

/// The first of [begin, end) for which `is_behind` holds, which it does from there on; looked for around `guess`.
template <class IsBehind>
std::size_t boundary(std::size_t begin, std::size_t end, std::size_t guess, const IsBehind& is_behind) {
  guess = std::clamp(guess, begin, end);
  std::size_t low = begin, high = end;
  if (guess == end || is_behind(guess)) {
    high = guess;
    for (std::size_t step = 1; high > low; step *= 2) {
      const std::size_t at = high - low > step ? high - step : low;
      if (!is_behind(at)) {
        low = at + 1;
        break;
      }
      high = at;
    }
  } else {
    low = guess + 1;
    for (std::size_t step = 1; low < end; step *= 2) {
      const std::size_t at = std::min(low + step, end) - 1;
      if (is_behind(at)) {
        high = at;
        break;
      }
      low = at + 1;
    }
  }
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (is_behind(middle))
      high = middle;
    else
      low = middle + 1;
  }
  return high;
}

std::uint64_t new_version();

/// As find_visible_line().
template <class Points>
void find_line(const Points& points, double x_min, double x_max, int columns, XScale scale, VisibleLine& line) {
  line.x.clear();
  line.y.clear();
  line.not_finite.clear();
  line.version = new_version();
  const std::size_t size = points.size();
  const bool logarithmic = scale == XScale::logarithmic;
  if (size == 0 || columns < 1 || !(x_min < x_max) || (logarithmic && !(x_min > 0))) return;
  const std::size_t inside = boundary(0, size, size / 2, [&](std::size_t i) { return points.x(i) >= x_min; });
  const std::size_t outside = boundary(inside, size, size, [&](std::size_t i) { return points.x(i) > x_max; });
  const std::size_t first = inside > 0 ? inside - 1 : inside;
  const std::size_t last = std::min(outside + 1, size);

  LineWriter writer(line, 2 * static_cast<std::size_t>(columns) + 2);
  const auto add_point = [&](std::size_t i) {
    const double y = points.y(i);
    if (std::isfinite(y))
      writer.add(points.x(i), y);
    else
      writer.interrupt({points.x(i), y});
  };
  if (last - first <= static_cast<std::size_t>(columns)) {
    for (std::size_t i = first; i < last; ++i) add_point(i);
    return;
  }

  if (first < inside && std::isfinite(points.y(first))) add_point(first);
  const double columns_per_x = columns / (logarithmic ? std::log(x_max / x_min) : x_max - x_min);
  const double x_per_column = 1 / columns_per_x;
  const auto column_of = [&](double x) {
    return static_cast<int>((logarithmic ? std::log(x / x_min) : x - x_min) * columns_per_x);
  };
  /// So many columns from the left.
  const auto x_at = [&](double column) {
    const double from_left = column * x_per_column;
    return logarithmic ? x_min * std::exp(from_left) : x_min + from_left;
  };
  int column = -1;
  double before = -std::numeric_limits<double>::infinity();  // The middle of the last column's values.
  double x = inside < outside ? points.x(inside) : 0;
  double points_per_x = 0;  // Of the last column: points mostly come at even steps.
  for (std::size_t begin = inside; begin < outside;) {
    column = std::max(column + 1, column_of(x));
    const double edge = column < columns - 1 ? x_at(column + 1) : std::numeric_limits<double>::infinity();
    const double ahead = std::max(0.0, std::min(static_cast<double>(outside - begin), (edge - x) * points_per_x));
    std::size_t end = boundary(begin + 1, outside, begin + static_cast<std::size_t>(ahead) + 1,
                               [&](std::size_t i) { return points.x(i) >= edge; });
    if (const std::size_t grain = points.grain(end - begin); grain > 1 && end < outside)
      end = std::min(outside, (end + grain / 2) / grain * grain);
    points.expect(end, end - begin);
    const Extent extent = points.extent(begin, end);
    std::size_t broken = begin;
    if (!extent.all_finite())
      while (std::isfinite(points.y(broken))) ++broken;
    if (!extent.any()) {
      writer.interrupt({points.x(broken), points.y(broken)});
    } else {
      const double middle = extent.low + extent.high;
      const bool falls = middle < before;
      before = middle;
      // The middle is in the column for whoever draws it, too, however they round and wherever its edges are.
      const double at = end - begin > 1 ? x_at(column + 0.5) : x;
      writer.add(at, falls ? extent.high : extent.low);
      if (extent.low < extent.high) writer.add(at, falls ? extent.low : extent.high);
      if (!extent.all_finite()) line.not_finite.push_back({points.x(broken), points.y(broken)});
    }
    if (end < outside) {
      const double next = points.x(end);
      points_per_x = static_cast<double>(end - begin) / (next - x);
      x = next;
    }
    begin = end;
  }
  if (outside < last && std::isfinite(points.y(outside))) add_point(outside);
}

}  // namespace ablate::level_of_detail
