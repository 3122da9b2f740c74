#pragma once

#include <string>
#include <vector>

#include "viewers/sweep/study_axes.h"

namespace ablate {

/// "complete", "pruned", "failed", "running", "paused", "waiting".
std::string_view state_word(const Trial& trial);
/// How long it took, or has taken by `now`, pauses included; NaN before it began.
double trial_seconds(const Trial& trial, double now);

/// What the table of trials is sorted by.
struct TrialOrder {
  enum class By { number, state, objective, parameter, seconds, run } by = By::number;
  std::size_t index = 0;  ///< of the objective or parameter
  bool descending = false;
  bool operator==(const TrialOrder&) const = default;
};

/// The numbers of those that are kept, in order. What has no value comes last either way; equal ones by number.
std::vector<int> sorted_trials(const Study& study, const StudyAxes& axes, const std::vector<char>& kept,
                               const TrialOrder& order, double now);

}  // namespace ablate
