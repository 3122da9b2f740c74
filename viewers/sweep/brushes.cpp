#include "viewers/sweep/brushes.h"

#include <algorithm>
#include <limits>

namespace ablate {

void Brushes::mark(const StudyAxis& axis, double one, double other) {
  const auto [from, to] = std::minmax(one, other);
  // What lies beyond an axis is drawn at its end.
  const double infinite = std::numeric_limits<double>::infinity();
  ranges_[axis.name] = {from <= 0 ? -infinite : axis.value(from), to >= 1 ? infinite : axis.value(to),
                        from < kAbsentPosition / 2};
  if (to < kAbsentPosition / 2) ranges_[axis.name].to = -infinite;
}

const Brushes::Range* Brushes::find(const std::string& axis) const {
  const auto found = ranges_.find(axis);
  return found == ranges_.end() ? nullptr : &found->second;
}

std::pair<double, double> Brushes::positions(const StudyAxis& axis, const Range& range) {
  const bool none = std::isinf(range.to) && range.to < 0;
  const double from = std::isinf(range.from) ? 0 : std::clamp(axis.position(range.from), 0.0, 1.0);
  const double to = std::isinf(range.to) ? 1 : std::clamp(axis.position(range.to), 0.0, 1.0);
  return {range.absent ? kAbsentPosition : from, none ? kAbsentPosition : to};
}

std::vector<char> Brushes::kept(const StudyAxes& axes, std::size_t trials) const {
  std::vector<char> kept(trials, 1);
  for (const auto* group : {&axes.parameters, &axes.objectives})
    for (const StudyAxis& axis : *group)
      if (const Range* const range = find(axis.name))
        for (std::size_t i = 0; i < trials; ++i) {
          const double value = axis.values[i];
          kept[i] &= std::isfinite(value) ? value >= range->from && value <= range->to : range->absent;
        }
  return kept;
}

}  // namespace ablate
