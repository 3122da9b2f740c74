#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "viewers/sweep/study_axes.h"

namespace ablate {

/// Where parallel coordinates show a trial that lacks a parameter: below the axis, whose positions go from 0 to 1.
inline constexpr double kAbsentPosition = -0.11;

/// What a person has marked on axes: a trial is kept that lies within every mark.
class Brushes {
 public:
  /// In values of the axis, so that a mark stays where it is when the axis grows.
  struct Range {
    double from = 0, to = 0;
    bool absent = false;  ///< trials without a value, too
    bool operator==(const Range&) const = default;
  };

  /// Between two positions, in any order.
  void mark(const StudyAxis& axis, double one, double other);
  void clear(const std::string& axis) { ranges_.erase(axis); }
  void clear() { ranges_.clear(); }
  bool empty() const { return ranges_.empty(); }
  /// nullptr where the axis has none.
  const Range* find(const std::string& axis) const;
  /// A mark as positions of the axis, from the lower to the upper; kAbsentPosition where trials without a value are in.
  static std::pair<double, double> positions(const StudyAxis& axis, const Range& range);

  /// By trial number.
  std::vector<char> kept(const StudyAxes& axes, std::size_t trials) const;
  bool operator==(const Brushes&) const = default;

 private:
  std::map<std::string, Range> ranges_;
};

}  // namespace ablate
