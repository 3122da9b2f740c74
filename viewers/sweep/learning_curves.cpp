#include "viewers/sweep/learning_curves.h"

#include <algorithm>
#include <map>

#include "viewers/level_of_detail.h"

namespace ablate {
namespace {

constexpr std::size_t kMostPoints = 1000;  // Of a line; more than twice the pixels that it gets say nothing.

void thin_out(LearningCurves::Line& line) {
  if (line.steps.size() <= kMostPoints) return;
  VisibleLine fewer = visible_line(line.steps, line.values, line.steps.front(), line.steps.back(), kMostPoints / 2);
  line.steps = std::move(fewer.x);
  line.values = std::move(fewer.y);
}

}  // namespace

LearningCurves learning_curves(const Study& study) {
  LearningCurves curves;
  std::map<Step, int> ended;
  std::vector<Step> last_steps;
  std::vector<double> all;
  curves.first_step = INFINITY;
  curves.last_step = -INFINITY;
  for (const Trial& trial : study.trials) {
    if (trial.intermediate.empty()) continue;
    LearningCurves::Line line{trial.number, {}, {}};
    for (const auto& [step, value] : trial.intermediate) {
      line.steps.push_back(static_cast<double>(step));
      line.values.push_back(value);
    }
    all.insert(all.end(), line.values.begin(), line.values.end());
    curves.first_step = std::min(curves.first_step, line.steps.front());
    curves.last_step = std::max(curves.last_step, line.steps.back());
    const Step last = trial.intermediate.rbegin()->first;
    last_steps.push_back(last);
    if (trial.state == TrialState::pruned || trial.paused()) ++ended[last];
    thin_out(line);
    curves.lines.push_back(std::move(line));
  }
  if (curves.lines.empty()) return LearningCurves{};
  curves.range = usual_range(std::move(all));
  for (const auto& [step, count] : ended)
    if (count > 1)
      curves.rungs.push_back(
          {step, static_cast<int>(std::ranges::count_if(last_steps, [&](Step last) { return last >= step; })), count});
  return curves;
}

}  // namespace ablate
