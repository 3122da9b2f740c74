#include "viewers/level_of_detail.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ablate {
namespace {

constexpr double kBreak = std::numeric_limits<double>::quiet_NaN();

void add(VisibleLine& line, double x, double y) {
  line.x.push_back(x);
  line.y.push_back(y);
}

/// A break where none is yet.
void interrupt(VisibleLine& line, VisibleLine::NotFinite at) {
  line.not_finite.push_back(at);
  if (!line.y.empty() && !std::isnan(line.y.back())) add(line, at.x, kBreak);
}

}  // namespace

VisibleLine visible_line(std::span<const double> x, std::span<const double> y, double x_min, double x_max, int columns,
                         XScale scale) {
  VisibleLine line;
  const bool logarithmic = scale == XScale::logarithmic;
  if (x.empty() || columns < 1 || !(x_min < x_max) || (logarithmic && !(x_min > 0))) return line;
  const auto inside = static_cast<std::size_t>(std::lower_bound(x.begin(), x.end(), x_min) - x.begin());
  const auto outside = static_cast<std::size_t>(std::upper_bound(x.begin(), x.end(), x_max) - x.begin());
  const std::size_t first = inside > 0 ? inside - 1 : inside;
  const std::size_t last = std::min(outside + 1, x.size());

  if (last - first <= 2 * static_cast<std::size_t>(columns)) {
    for (std::size_t i = first; i < last; ++i) {
      if (std::isfinite(y[i]))
        add(line, x[i], y[i]);
      else
        interrupt(line, {x[i], y[i]});
    }
    return line;
  }

  line.x.reserve(2 * static_cast<std::size_t>(columns) + 2);
  line.y.reserve(2 * static_cast<std::size_t>(columns) + 2);
  if (first < inside && std::isfinite(y[first])) add(line, x[first], y[first]);
  const double columns_per_x = columns / (logarithmic ? std::log(x_max / x_min) : x_max - x_min);
  const auto column_of = [&](double at) {
    const double from_left = logarithmic ? std::log(at / x_min) : at - x_min;
    return std::min(columns - 1, static_cast<int>(from_left * columns_per_x));
  };
  std::size_t i = inside;
  while (i < outside) {
    const int column = column_of(x[i]);
    std::size_t low = i, high = i;
    bool any = false, broken = false;
    VisibleLine::NotFinite broken_at{};
    for (; i < outside && column_of(x[i]) == column; ++i) {
      if (!std::isfinite(y[i])) {
        if (!broken) broken_at = {x[i], y[i]};
        broken = true;
        continue;
      }
      if (!any) low = high = i;
      any = true;
      if (y[i] < y[low]) low = i;
      if (y[i] > y[high]) high = i;
    }
    if (any) {
      add(line, x[std::min(low, high)], y[std::min(low, high)]);
      if (low != high) add(line, x[std::max(low, high)], y[std::max(low, high)]);
      if (broken) line.not_finite.push_back(broken_at);
    } else {
      interrupt(line, broken_at);
    }
  }
  if (outside < last && std::isfinite(y[outside])) add(line, x[outside], y[outside]);
  return line;
}

}  // namespace ablate
