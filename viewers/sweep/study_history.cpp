#include "viewers/sweep/study_history.h"

#include <algorithm>

namespace ablate {

StudyHistory history_of(const Study& study, const StudyAxes& axes, std::size_t objective) {
  StudyHistory history;
  const StudyAxis& values = axes.objectives.at(objective);
  const bool most = study.directions[objective] == Direction::maximize;
  for (const Trial& trial : study.trials) {
    if (finished(trial.state) && !values.has(trial.number)) history.without_value.push_back(trial.number);
    if (trial.state != TrialState::complete || !values.has(trial.number)) continue;
    const double value = values.of(trial.number);
    if (!history.best_y.empty()) {
      const double best = history.best_y.back();
      history.best_x.push_back(trial.number);
      history.best_y.push_back(best);
      if (most ? value <= best : value >= best) continue;
    }
    history.best_x.push_back(trial.number);
    history.best_y.push_back(value);
  }
  return history;
}

ParetoSteps pareto_steps(const Study& study, const StudyAxes& axes, const std::vector<int>& front) {
  ParetoSteps steps;
  if (study.directions.size() != 2) return steps;
  std::vector<std::pair<double, double>> points;
  for (const int trial : front) {
    const double x = axes.objectives[0].of(trial), y = axes.objectives[1].of(trial);
    if (std::isfinite(x) && std::isfinite(y)) points.emplace_back(x, y);
  }
  std::ranges::sort(points);
  // Between two of the front the corner that is worse than both is what is known to be reached.
  const bool most = study.directions[0] == Direction::maximize;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i > 0) {
      steps.x.push_back(most ? points[i - 1].first : points[i].first);
      steps.y.push_back(most ? points[i].second : points[i - 1].second);
    }
    steps.x.push_back(points[i].first);
    steps.y.push_back(points[i].second);
  }
  return steps;
}

}  // namespace ablate
