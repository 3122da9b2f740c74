#pragma once

#include <cstddef>
#include <limits>

#include "runs/types.h"

namespace ablate {

/// What some values span.
struct Extent {
  double low = std::numeric_limits<double>::infinity();    ///< of the finite ones; above `high` where there is none
  double high = -std::numeric_limits<double>::infinity();  ///< of the finite ones
  bool nan = false, above = false, below = false;          ///< there is a NaN, an infinity, a negative infinity

  bool any() const { return low <= high; }
  bool all_finite() const { return !nan && !above && !below; }
  void add(double value);
  void add(const Extent& other);
};

/// Of points in the order logged.
struct ScalarTotals {
  Extent extent;
  double least_positive = 0;  ///< for log axes; 0 where no value is positive
  std::size_t nan = 0, above = 0, below = 0;
  bool steps_rise = true, walls_rise = true;  ///< from each point to the next, or stay; a NaN wall time does not

  /// `before`: the point that it follows; nullptr for the first.
  void add(const ScalarPoint& point, const ScalarPoint* before);
  /// Whether it rises from these to those is the caller's to say.
  void add(const ScalarTotals& next);
};

}  // namespace ablate
