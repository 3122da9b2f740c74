#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "viewers/sweep/drawing.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

class SlicesChart : public SweepChart {
 public:
  const char* name() const override { return "slices"; }
  std::string empty(const SweepScene& scene) const override {
    return scene.objective_axis().count > 0 && !scene.axes.parameters.empty()
               ? ""
               : "The objective over each parameter will be here once a trial has ended.";
  }
  void draw(SweepScene& scene) override;

 private:
  static void draw_slice(SweepScene& scene, const StudyAxis& parameter, const ValueRange& range, ImVec2 size,
                         bool name_values, NearestTrial& nearest);
};

void SlicesChart::draw(SweepScene& scene) {
  const auto count = static_cast<int>(scene.axes.parameters.size());
  const ImVec2 space = ImGui::GetContentRegionAvail();
  // As many beside each other as leave each about as wide as high, and no smaller than can be read.
  const float smallest = widgets::em(13.5f);
  int columns = std::clamp(static_cast<int>(space.x / smallest), 1, count);
  while (columns > 1 && std::ceil(static_cast<float>(count) / static_cast<float>(columns - 1)) * smallest <= space.y &&
         space.x / static_cast<float>(columns) <
             space.y / std::ceil(static_cast<float>(count) / static_cast<float>(columns)))
    --columns;
  const int rows = (count + columns - 1) / columns;
  const float gap = ImGui::GetStyle().ItemSpacing.x, line = ImGui::GetStyle().ItemSpacing.y;
  const float height =
      std::max(smallest * 0.66f, (space.y - line * static_cast<float>(rows - 1)) / static_cast<float>(rows));
  if (!ImGui::BeginChild("slices", space)) return ImGui::EndChild();
  const float room = ImGui::GetContentRegionAvail().x;
  const float width = (room - gap * static_cast<float>(columns - 1)) / static_cast<float>(columns);
  NearestTrial nearest;
  const ValueRange range = usual_range(scene.objective_axis().values);  // Pruned ones too.
  for (int i = 0; i < count; ++i) {
    if (i % columns > 0) ImGui::SameLine();
    draw_slice(scene, scene.axes.parameters[static_cast<std::size_t>(i)], range, ImVec2(width, height),
               i % columns == 0, nearest);
  }
  ImGui::EndChild();
  point_at(scene, nearest.trial());
}

void SlicesChart::draw_slice(SweepScene& scene, const StudyAxis& parameter, const ValueRange& range, ImVec2 size,
                             bool name_values, NearestTrial& nearest) {
  const StudyAxis& objective = scene.objective_axis();
  // A parameter that exists only for some value of another one is told by its count.
  std::string title = short_name(scene.axes, parameter);
  const std::size_t all = scene.study.trials.size();
  if (parameter.count < all) {
    const std::string count = fmt::format("   {} of {} trials", parameter.count, all);
    const bool fits = ImGui::CalcTextSize((title + count).c_str()).x < size.x - widgets::em(2);
    title += fits ? count : fmt::format("  ({})", parameter.count);
  }
  title += "###" + parameter.name;
  const auto flags = ImPlotFlags_NoLegend | ImPlotFlags_NoMenus | ImPlotFlags_NoMouseText | ImPlotFlags_NoInputs;
  if (!ImPlot::BeginPlot(title.c_str(), size, flags)) return;
  const double margin = range.low < range.high ? 0.08 * (range.high - range.low) : 0.5;
  setup_axis(ImAxis_X1, parameter, size.x - widgets::em(4), nullptr);
  setup_decades(ImAxis_X1, parameter, size.x - widgets::em(4));
  ImPlot::SetupAxis(ImAxis_Y1, name_values ? objective.name.c_str() : nullptr, ImPlotAxisFlags_NoHighlight);
  const double edge = parameter.choices.empty() ? 0.04 : 0;
  ImPlot::SetupAxisLimits(ImAxis_X1, parameter.value(-edge), parameter.value(1 + edge), ImPlotCond_Always);
  ImPlot::SetupAxisLimits(ImAxis_Y1, range.low - margin, range.high + margin, ImPlotCond_Always);
  ImPlot::SetupFinish();
  const bool in_plot = mouse_in_plot();
  ImDrawList& list = *ImPlot::GetPlotDrawList();
  ImPlot::PushPlotClipRect();
  const float category =
      parameter.choices.empty() ? 0 : ImPlot::GetPlotSize().x / static_cast<float>(parameter.choices.size());
  for (const Layer layer : kLayers)
    for (const Trial& trial : scene.study.trials) {
      const int number = trial.number;
      if (!parameter.has(number) || !objective.has(number) || layer_of(scene, number) != layer) continue;
      ImVec2 at = ImPlot::PlotToPixels(parameter.of(number), objective.of(number));
      // Trials of one category beside each other, always at the same place.
      at.x += 0.5f * category * (static_cast<float>(number * 37 % 101) / 101 - 0.5f);
      at = draw_trial_or_arrow(list, scene, number, at, trial_color(scene, number));
      if (in_plot && scene.is_kept(number)) nearest.offer(number, at);
    }
  ImPlot::PopPlotClipRect();
  ImPlot::EndPlot();
}

}  // namespace

std::unique_ptr<SweepChart> make_slices_chart() { return std::make_unique<SlicesChart>(); }

}  // namespace ablate
