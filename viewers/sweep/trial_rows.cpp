#include "viewers/sweep/trial_rows.h"

#include <algorithm>

namespace ablate {

std::string_view state_word(const Trial& trial) {
  switch (trial.state) {
    case TrialState::running:
      return trial.paused() ? "paused" : "running";
    case TrialState::complete:
      return "complete";
    case TrialState::pruned:
      return "pruned";
    case TrialState::fail:
      return "failed";
    case TrialState::waiting:
      return "waiting";
  }
  return "";
}

double trial_seconds(const Trial& trial, double now) {
  if (trial.started_seconds <= 0) return std::nan("");
  return std::max(0.0, (trial.ended_seconds > 0 ? trial.ended_seconds : now) - trial.started_seconds);
}

std::vector<int> sorted_trials(const Study& study, const StudyAxes& axes, const std::vector<char>& kept,
                               const TrialOrder& order, double now) {
  using By = TrialOrder::By;
  std::vector<int> numbers;
  for (const Trial& trial : study.trials)
    if (kept[static_cast<std::size_t>(trial.number)]) numbers.push_back(trial.number);
  const auto trial = [&](int number) -> const Trial& { return study.trials[static_cast<std::size_t>(number)]; };
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
      sort_by([&](int n) { return state_word(trial(n)); }, [](std::string_view word) { return word.empty(); });
      break;
    case By::objective:
      if (order.index < axes.objectives.size())
        sort_by([&](int n) { return axes.objectives[order.index].of(n); }, not_finite);
      break;
    case By::parameter:
      if (order.index < axes.parameters.size())
        sort_by([&](int n) { return axes.parameters[order.index].of(n); }, not_finite);
      break;
    case By::seconds:
      sort_by([&](int n) { return trial_seconds(trial(n), now); }, not_finite);
      break;
    case By::run:
      sort_by([&](int n) { return trial(n).run(); }, [](const std::string& run) { return run.empty(); });
      break;
  }
  return numbers;
}

}  // namespace ablate
