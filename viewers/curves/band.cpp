#include "viewers/curves/band.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <optional>

namespace ablate {
namespace {

/// Goes through a curve's finite points from left to right.
class Walker {
 public:
  explicit Walker(const PointsByX& points) : points_(points) { find_next(0); }

  /// The next point's x; nullopt behind the last.
  std::optional<double> next_x() const { return next_ ? std::optional(points_.x(*next_)) : std::nullopt; }

  /// The value at x, which never falls from call to call; nullopt where the curve does not reach.
  std::optional<double> at(double x) {
    while (next_ && points_.x(*next_) <= x) {
      before_ = next_;
      find_next(*next_ + 1);
    }
    if (!before_) return std::nullopt;
    const double left = points_.x(*before_), value = points_.y(*before_);
    if (left == x) return value;
    if (!next_) return std::nullopt;
    const double right = points_.x(*next_), part = (x - left) / (right - left);
    return value + part * (points_.y(*next_) - value);
  }

 private:
  void find_next(std::size_t from) {
    while (from < points_.size() && !std::isfinite(points_.y(from))) ++from;
    next_ = from < points_.size() ? std::optional(from) : std::nullopt;
  }

  const PointsByX& points_;
  std::optional<std::size_t> before_, next_;
};

/// The half width of a mean's 95 % interval, in standard deviations.
double confidence_of(std::size_t n) {
  static std::vector<double> known;
  while (known.size() <= n)
    known.push_back(known.size() < 2 ? 0
                                     : boost::math::quantile(boost::math::students_t(double(known.size() - 1)), 0.975) /
                                           std::sqrt(double(known.size())));
  return known[n];
}

}  // namespace

Band band_of(const std::vector<const PointsByX*>& curves, Spread spread) {
  std::vector<Walker> walkers;
  for (const PointsByX* curve : curves) walkers.emplace_back(*curve);
  Band band;
  std::vector<double> values;
  while (true) {
    std::optional<double> x;
    for (const Walker& walker : walkers)
      if (const auto next = walker.next_x(); next && (!x || *next < *x)) x = next;
    if (!x) return band;
    values.clear();
    for (Walker& walker : walkers)
      if (const auto value = walker.at(*x)) values.push_back(*value);
    double sum = 0, squares = 0;
    for (const double value : values) sum += value;
    const double n = static_cast<double>(values.size()), mean = sum / n;
    for (const double value : values) squares += (value - mean) * (value - mean);
    double low = *std::ranges::min_element(values), high = *std::ranges::max_element(values);
    if (spread != Spread::min_max) {
      double half = values.size() > 1 ? std::sqrt(squares / (n - 1)) : 0;
      if (spread == Spread::confidence) half *= confidence_of(values.size());
      low = mean - half;
      high = mean + half;
    }
    band.x.push_back(*x);
    band.mean.push_back(mean);
    band.low.push_back(low);
    band.high.push_back(high);
    band.runs.push_back(static_cast<int>(values.size()));
  }
}

}  // namespace ablate
