#pragma once

#include <vector>

#include "viewers/sweep/study_axes.h"

namespace ablate {

/// What an objective may be over two parameters, from the complete trials around each place: their mean, weighted by
/// exp(−d²/2σ²) of the distance d in positions of the axes. Nothing is said where none is near, nor across categories.
struct ContourField {
  int columns = 0, rows = 0;  ///< a category is one of them
  std::vector<double> cells;  ///< {row, column}, from the low ends; NaN where nothing is said
  int trials = 0;             ///< that it is made of
  double at(int row, int column) const { return cells[static_cast<std::size_t>(row * columns + column)]; }
};

ContourField contour_field(const Study& study, const StudyAxis& x, const StudyAxis& y, const StudyAxis& objective);

}  // namespace ablate
