#pragma once

#include <vector>

#include "viewers/sweep/study_axes.h"

namespace ablate {

/// What trials reported while they ran.
struct LearningCurves {
  struct Line {
    int trial = 0;
    std::vector<double> steps, values;  ///< values may be NaN and infinite
  };
  std::vector<Line> lines;  ///< of trials that reported anything, by number
  double first_step = 0, last_step = 1;
  ValueRange range;

  /// A step at which several trials ended or were paused.
  struct Rung {
    Step step = 0;
    int reached = 0, ended = 0;  ///< trials that reported at it or later; that went no further
  };
  std::vector<Rung> rungs;
};

LearningCurves learning_curves(const Study& study);

}  // namespace ablate
