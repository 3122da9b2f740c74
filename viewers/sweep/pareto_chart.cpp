#include <fmt/format.h>

#include <algorithm>

#include "viewers/sweep/drawing.h"
#include "viewers/sweep/study_history.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

class ParetoChart : public SweepChart {
 public:
  const char* name() const override { return "Pareto front"; }
  std::string empty(const SweepScene& scene) const override {
    if (scene.study.directions.size() < 2)
      return "A sweep with several objectives will show here what can't be had better in one without being worse in "
             "another.";
    return scene.axes.objectives[0].count > 0 ? "" : "Trials that have ended will be points here, the front marked.";
  }
  bool one_objective() const override { return false; }
  void draw(SweepScene& scene) override;

 private:
  void choose(const char* label, const StudyAxes& axes, std::size_t& chosen, std::size_t other);

  std::size_t x_ = 0, y_ = 1;
  PlotLimits limits_;
};

void ParetoChart::choose(const char* label, const StudyAxes& axes, std::size_t& chosen, std::size_t other) {
  ImGui::SetNextItemWidth(widgets::em(10));
  if (!ImGui::BeginCombo(label, axes.objectives[chosen].name.c_str())) return;
  for (std::size_t i = 0; i < axes.objectives.size(); ++i)
    if (i != other && ImGui::Selectable(axes.objectives[i].name.c_str(), i == chosen)) chosen = i;
  ImGui::EndCombo();
}

void ParetoChart::draw(SweepScene& scene) {
  const std::size_t objectives = scene.axes.objectives.size();
  if (x_ >= objectives || y_ >= objectives) x_ = 0, y_ = 1;
  std::vector<int> front;
  for (const Trial& trial : scene.study.trials)
    if (scene.is_best(trial.number)) front.push_back(trial.number);
  if (objectives > 2) {
    choose("across", scene.axes, x_, y_);
    ImGui::SameLine();
    choose("up", scene.axes, y_, x_);
    ImGui::SameLine();
  }
  const auto better = [&](std::size_t i) { return scene.study.directions[i] == Direction::maximize ? "more" : "less"; };
  const StudyAxis &x = scene.axes.objectives[x_], &y = scene.axes.objectives[y_];
  const std::string words = fmt::format("{} of {} on the front;  {}: {} is better,  {}: {} is better", front.size(),
                                        x.count, x.name, better(x_), y.name, better(y_));
  if (objectives > 2) ImGui::NewLine();
  widgets::quiet_paragraph(words);
  if (!ImPlot::BeginPlot("##pareto", ImGui::GetContentRegionAvail(), kChartFlags)) return;
  ImPlot::SetupAxes(x.name.c_str(), y.name.c_str(), ImPlotAxisFlags_NoHighlight, ImPlotAxisFlags_NoHighlight);
  const auto range = [](const StudyAxis& axis) {
    const double margin = 0.06 * (axis.high - axis.low);
    return PlotLimits::Range{axis.low - margin, axis.high + margin};
  };
  limits_.setup(range(x), range(y));
  ImPlot::SetupFinish();
  const bool in_plot = mouse_in_plot();
  NearestTrial nearest;
  ImPlot::PushPlotClipRect();
  ImDrawList& list = *ImPlot::GetPlotDrawList();
  ParetoSteps steps = pareto_steps(scene.study, scene.axes, front);
  if (x_ != 0) std::swap(steps.x, steps.y);
  for (std::size_t i = 1; i < steps.x.size(); ++i)
    list.AddLine(ImPlot::PlotToPixels(steps.x[i - 1], steps.y[i - 1]), ImPlot::PlotToPixels(steps.x[i], steps.y[i]),
                 widgets::packed(look::kAccent, 0.6f), 1.5f);
  for (const Layer layer : kLayers)
    for (const Trial& trial : scene.study.trials) {
      const int number = trial.number;
      if (!x.has(number) || !y.has(number) || layer_of(scene, number) != layer) continue;
      const ImVec2 at = ImPlot::PlotToPixels(x.of(number), y.of(number));
      draw_trial(list, scene, number, at, trial_color(scene, number));
      if (in_plot && scene.is_kept(number)) nearest.offer(number, at);
    }
  ImPlot::PopPlotClipRect();
  limits_.end_plot();
  if (in_plot) point_at(scene, nearest.trial());
}

}  // namespace

std::unique_ptr<SweepChart> make_pareto_chart() { return std::make_unique<ParetoChart>(); }

}  // namespace ablate
