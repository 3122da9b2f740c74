#include "viewers/sweep/trial_rows.h"

#include <algorithm>
#include <cmath>

#include "sweeps/trial_standing.h"

namespace ablate {

const RunStatus* status_of(const RunView* run) { return run ? &run->info.status : nullptr; }

double row_value(const Study& study, const Trial& trial, std::size_t objective) {
  const bool reports = trial.state == TrialState::running && study.directions.size() == 1;
  if (reports && !trial.intermediate.empty()) return trial.intermediate.rbegin()->second;
  return objective_of(study, trial, objective);
}

std::vector<int> sorted_trials(const Study& study, const StudyAxes& axes, const std::vector<char>& kept,
                               const std::vector<const RunView*>& runs, const TrialOrder& order, double now) {
  using By = TrialOrder::By;
  std::vector<int> numbers;
  for (const Trial& trial : study.trials)
    if (kept[static_cast<std::size_t>(trial.number)]) numbers.push_back(trial.number);
  const auto trial = [&](int number) -> const Trial& { return study.trials[static_cast<std::size_t>(number)]; };
  const auto status = [&](int number) { return status_of(runs[static_cast<std::size_t>(number)]); };
  const auto sort_by = [&](const auto& value, const auto& missing) {
    std::ranges::stable_sort(numbers, [&](int a, int b) {
      const auto x = value(a), y = value(b);
      if (missing(x) || missing(y)) return !missing(x) && missing(y);
      return order.descending ? y < x : x < y;
    });
  };
  const auto not_finite = [](double value) { return !std::isfinite(value); };
  switch (order.by) {
    case By::number:
      if (order.descending) std::ranges::reverse(numbers);
      break;
    case By::state:
      sort_by([&](int n) { return standing_of(trial(n), status(n)); },
              [](std::string_view word) { return word.empty(); });
      break;
    case By::objective:
      if (order.index < axes.objectives.size())
        sort_by([&](int n) { return row_value(study, trial(n), order.index); }, not_finite);
      break;
    case By::parameter:
      if (order.index < axes.parameters.size())
        sort_by([&](int n) { return axes.parameters[order.index].of(n); }, not_finite);
      break;
    case By::seconds:
      sort_by([&](int n) { return trained_seconds(trial(n), status(n), now); }, not_finite);
      break;
    case By::run:
      sort_by([&](int n) { return trial(n).run(); }, [](const std::string& run) { return run.empty(); });
      break;
  }
  return numbers;
}

}  // namespace ablate
