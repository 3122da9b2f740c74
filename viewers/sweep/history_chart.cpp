#include "viewers/sweep/drawing.h"
#include "viewers/sweep/study_history.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

class HistoryChart : public SweepChart {
 public:
  const char* name() const override { return "history"; }
  std::string empty(const SweepScene& scene) const override {
    return scene.objective_axis().count > 0
               ? ""
               : "Each trial that has ended will be a point here, over a line of the best so far.";
  }
  void draw(SweepScene& scene) override;

 private:
  StudyHistory history_;
  std::uint64_t version_ = 0;
  std::size_t objective_ = 0;
  ValueRange range_;  ///< of all values, pruned ones too
  PlotLimits limits_;
};

void HistoryChart::draw(SweepScene& scene) {
  if (version_ != scene.version || objective_ != scene.objective) {
    version_ = scene.version;
    objective_ = scene.objective;
    history_ = history_of(scene.study, scene.axes, objective_);
    range_ = usual_range(scene.objective_axis().values);
    if (!(range_.low < range_.high)) range_ = {range_.low - 0.5, range_.high + 0.5};
  }
  draw_legend(
      {{LegendMark::dot, kTrialColor, "complete"},
       {LegendMark::ring, kTrialColor, "pruned, at its last value"},
       {LegendMark::cross, look::kWrong, "no value"},
       {LegendMark::line, look::kAccent, "best so far"},
       {LegendMark::ring, look::kAccent, scene.study.directions.size() > 1 ? "of the Pareto front" : "the best"}});
  const StudyAxis& axis = scene.objective_axis();
  const double trials = static_cast<double>(scene.study.trials.size()), margin = 0.06 * (range_.high - range_.low);
  if (!ImPlot::BeginPlot("##history", ImGui::GetContentRegionAvail(), kChartFlags)) return;
  ImPlot::SetupAxes("trial", axis.name.c_str(), ImPlotAxisFlags_NoHighlight, ImPlotAxisFlags_NoHighlight);
  limits_.setup({-0.5 - 0.01 * trials, trials - 0.5 + 0.01 * trials},
                {range_.low - 1.6 * margin, range_.high + margin});
  if (trials <= 12) ImPlot::SetupAxisTicks(ImAxis_X1, 0, trials - 1, static_cast<int>(trials));  // No half trials.
  ImPlot::SetupFinish();
  ImPlot::PushPlotClipRect();
  ImDrawList& list = *ImPlot::GetPlotDrawList();
  const bool in_plot = mouse_in_plot();
  NearestTrial nearest;
  if (!history_.best_x.empty()) {
    ImPlotSpec spec;
    spec.LineColor = widgets::vector_of(look::kAccent, 0.9f);
    spec.LineWeight = 2;
    spec.Flags = ImPlotItemFlags_NoLegend | ImPlotItemFlags_NoFit;
    history_.best_x.push_back(trials - 1);  // Up to now.
    history_.best_y.push_back(history_.best_y.back());
    ImPlot::PlotLine("##best", history_.best_x.data(), history_.best_y.data(), static_cast<int>(history_.best_x.size()),
                     spec);
    history_.best_x.pop_back();
    history_.best_y.pop_back();
  }
  const float bottom = ImPlot::GetPlotPos().y + ImPlot::GetPlotSize().y;
  for (const Layer layer : kLayers)
    for (const Trial& trial : scene.study.trials) {
      const int number = trial.number;
      if (!axis.has(number) || layer_of(scene, number) != layer) continue;
      const ImVec2 at = draw_trial_or_arrow(list, scene, number, ImPlot::PlotToPixels(number, axis.of(number)),
                                            trial_color(scene, number));
      if (in_plot && scene.is_kept(number)) nearest.offer(number, at);
    }
  for (const int number : history_.without_value) {
    const ImVec2 at(ImPlot::PlotToPixels(number, 0).x, bottom - widgets::em(0.45f));
    draw_cross(list, at, widgets::packed(look::kWrong, scene.is_kept(number) ? 0.9f : 0.2f));
    if (in_plot) nearest.offer(number, at);
  }
  ImPlot::PopPlotClipRect();
  limits_.end_plot();
  if (in_plot) point_at(scene, nearest.trial());
}

}  // namespace

std::unique_ptr<SweepChart> make_history_chart() { return std::make_unique<HistoryChart>(); }

}  // namespace ablate
