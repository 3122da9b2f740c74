#pragma once

#include <vector>

#include "viewers/sweep/study_axes.h"

namespace ablate {

/// How a study went on.
struct StudyHistory {
  std::vector<double> best_x, best_y;  ///< best so far among complete trials, as steps: a corner at every change
  std::vector<int> without_value;      ///< trials that are over and have no number to show, ascending
};

StudyHistory history_of(const Study& study, const StudyAxes& axes, std::size_t objective);

/// Of two objectives what can't be had better in one without being worse in the other, as the steps of a line from left
/// to right; of more there is no such line.
struct ParetoSteps {
  std::vector<double> x, y;
};
ParetoSteps pareto_steps(const Study& study, const StudyAxes& axes, const std::vector<int>& front);

}  // namespace ablate
