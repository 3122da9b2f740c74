#pragma once

#include <vector>

#include "viewers/panel.h"
#include "viewers/sweep/study_axes.h"

namespace ablate {

/// nullptr where there is no run.
const RunStatus* status_of(const RunView* run);
/// An objective's value as the table shows it: of one that is not over the last that it reported. NaN for none.
double row_value(const Study& study, const Trial& trial, std::size_t objective);

/// What the table of trials is sorted by.
struct TrialOrder {
  enum class By { number, state, objective, parameter, seconds, run } by = By::number;
  std::size_t index = 0;  ///< of the objective or parameter
  bool descending = false;
  bool operator==(const TrialOrder&) const = default;
};

/// The numbers of those that are kept, in order; `runs` as in SweepScene. What has no value comes last either way;
/// equal ones by number.
std::vector<int> sorted_trials(const Study& study, const StudyAxes& axes, const std::vector<char>& kept,
                               const std::vector<const RunView*>& runs, const TrialOrder& order, double now);

}  // namespace ablate
