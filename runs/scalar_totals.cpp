#include "runs/scalar_totals.h"

#include <algorithm>
#include <cmath>

namespace ablate {

void Extent::add(double value) {
  if (std::isfinite(value)) {
    low = std::min(low, value);
    high = std::max(high, value);
  } else {
    (std::isnan(value) ? nan : value > 0 ? above : below) = true;
  }
}

void Extent::add(const Extent& other) {
  low = std::min(low, other.low);
  high = std::max(high, other.high);
  nan |= other.nan;
  above |= other.above;
  below |= other.below;
}

void ScalarTotals::add(const ScalarPoint& point, const ScalarPoint* before) {
  const double value = point.value;
  extent.add(value);
  if (value > 0 && std::isfinite(value) && (least_positive == 0 || value < least_positive)) least_positive = value;
  if (!std::isfinite(value)) ++(std::isnan(value) ? nan : value > 0 ? above : below);
  steps_rise &= before == nullptr || point.step >= before->step;
  walls_rise &= before == nullptr ? !std::isnan(point.wall_seconds) : point.wall_seconds >= before->wall_seconds;
}

void ScalarTotals::add(const ScalarTotals& next) {
  extent.add(next.extent);
  if (next.least_positive > 0 && (least_positive == 0 || next.least_positive < least_positive))
    least_positive = next.least_positive;
  nan += next.nan, above += next.above, below += next.below;
  steps_rise &= next.steps_rise;
  walls_rise &= next.walls_rise;
}

}  // namespace ablate
