#pragma once

#include "sweeps/distribution.h"

namespace ablate {

/// A range of numbers as [0, 1], in the logarithm where it is log, half a step added at both ends where it has steps.
/// Of categories nothing is changed: their indices.
class Axis {
 public:
  explicit Axis(Distribution distribution);

  const Distribution& distribution() const { return distribution_; }
  bool categorical() const { return distribution_.type == Distribution::Type::categorical; }
  bool stepped() const { return !categorical() && distribution_.step.has_value(); }
  /// Of the range, in the logarithm where it is log.
  double width() const { return width_; }

  /// Whether it is a category, or lies within the range, on a step or not.
  bool contains(double internal) const;
  double to_unit(double internal) const;
  /// The allowed value nearest to it.
  double from_unit(double unit) const;
  /// Half a step below and above an allowed value.
  std::pair<double, double> cell(double internal) const;

 private:
  Distribution distribution_;
  double low_ = 0, width_ = 1;
};

}  // namespace ablate
