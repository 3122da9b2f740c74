#include "viewers/curves/difference.h"

#include <cmath>

namespace ablate {

ScalarColumn difference_of(const PlotSeries& line, const PlotSeries& baseline) {
  ScalarColumn difference;
  const auto points = line.by_x(), base = baseline.by_x();
  std::size_t next = 0;  // The first of the baseline's points that is right of x.
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double x = points.x(i);
    while (next < base.size() && base.x(next) <= x) ++next;
    if (next == 0 || (next == base.size() && base.x(next - 1) < x)) continue;
    double other = base.y(next - 1);
    if (next < base.size()) {
      const double left = base.x(next - 1), right = base.x(next);
      if (x > left) other += (base.y(next) - other) * (x - left) / (right - left);
    }
    if (std::isfinite(other)) difference.push_back({line.points().step(i), x, points.y(i) - other});
  }
  return difference;
}

PlotSeries& DifferenceSeries::update(const PlotSeries& line, const PlotSeries& baseline) {
  const std::pair now(line.version(), baseline.version());
  if (now == made_of_ && baseline_ == &baseline) return series_;
  made_of_ = now;
  baseline_ = &baseline;
  series_.clear();
  series_.update(difference_of(line, baseline), XAxis::wall_time, 0);  // Whatever x is.
  return series_;
}

}  // namespace ablate
