#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "viewers/sweep/drawing.h"
#include "viewers/sweep/learning_curves.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

/// The square of the distance of the mouse from a piece of a line.
float square_to_piece(ImVec2 a, ImVec2 b, ImVec2 mouse) {
  const ImVec2 along(b.x - a.x, b.y - a.y);
  const float length = along.x * along.x + along.y * along.y;
  const float at = length > 0 ? ((mouse.x - a.x) * along.x + (mouse.y - a.y) * along.y) / length : 0;
  const float share = std::clamp(at, 0.0f, 1.0f);
  const float x = a.x + share * along.x - mouse.x, y = a.y + share * along.y - mouse.y;
  return x * x + y * y;
}

class CurvesChart : public SweepChart {
 public:
  const char* name() const override { return "learning curves"; }
  std::string empty(const SweepScene& scene) const override {
    const bool any = std::ranges::any_of(scene.study.trials, [](const Trial& t) { return !t.intermediate.empty(); });
    if (any) return "";
    return scene.study.directions.size() > 1
               ? "With several objectives trials report nothing while they run; look at their runs in Curves."
               : "What trials report while they run will be a line each here.";
  }
  bool one_objective() const override { return false; }
  void draw(SweepScene& scene) override;

 private:
  void draw_rungs() const;
  void draw_line(const SweepScene& scene, const LearningCurves::Line& line, float alpha, NearestTrial* nearest);

  LearningCurves curves_;
  std::uint64_t version_ = 0;
  PlotLimits limits_;
  std::vector<ImVec2> pixels_;
};

void CurvesChart::draw(SweepScene& scene) {
  if (version_ != scene.version) {
    version_ = scene.version;
    curves_ = learning_curves(scene.study);
  }
  draw_legend({{LegendMark::line, kTrialColor, "a trial"},
               {LegendMark::ring, kTrialColor, "pruned or paused here"},
               {LegendMark::line, {0.30f, 0.32f, 0.37f}, "where several were"}});
  if (!ImPlot::BeginPlot("##curves", ImGui::GetContentRegionAvail(), kChartFlags)) return;
  ImPlot::SetupAxes("step", scene.axes.objectives[0].name.c_str(), ImPlotAxisFlags_NoHighlight,
                    ImPlotAxisFlags_NoHighlight);
  const ValueRange& range = curves_.range;
  const double margin = range.high > range.low ? 0.08 * (range.high - range.low) : 0.5;
  const double length = std::max(1.0, curves_.last_step - curves_.first_step);
  limits_.setup({curves_.first_step - 0.03 * length, curves_.last_step + 0.03 * length},
                {range.low - margin, range.high + 1.5 * margin});
  ImPlot::SetupFinish();
  const bool in_plot = mouse_in_plot();
  NearestTrial nearest;
  ImPlot::PushPlotClipRect();
  draw_rungs();
  const float alpha = std::clamp(22.0f / static_cast<float>(curves_.lines.size()), 0.04f, 0.5f);
  for (const Layer layer : kLayers)
    for (const LearningCurves::Line& line : curves_.lines)
      if (layer_of(scene, line.trial) == layer) {
        const float share = layer == Layer::left_out ? 0.35f : 1.0f;
        draw_line(scene, line, layer >= Layer::shown ? 1 : alpha * share,
                  in_plot && layer != Layer::left_out ? &nearest : nullptr);
      }
  ImPlot::PopPlotClipRect();
  limits_.end_plot();
  if (in_plot) point_at(scene, nearest.trial());
}

void CurvesChart::draw_rungs() const {
  ImDrawList& list = *ImPlot::GetPlotDrawList();
  const ImVec2 corner = ImPlot::GetPlotPos(), size = ImPlot::GetPlotSize();
  float named_until = -1e9f;
  for (const LearningCurves::Rung& rung : curves_.rungs) {
    const float x = ImPlot::PlotToPixels(static_cast<double>(rung.step), 0).x;
    list.AddLine(ImVec2(x, corner.y), ImVec2(x, corner.y + size.y), widgets::packed({0.30f, 0.32f, 0.37f}), 1.5f);
    const std::string words = fmt::format("{} of {}", rung.ended, rung.reached);
    const float width = ImGui::CalcTextSize(words.c_str()).x;
    const float left = std::clamp(x - width / 2, corner.x, corner.x + size.x - width);
    if (left < named_until) continue;
    named_until = left + width + widgets::em(0.5f);
    list.AddText(ImVec2(left, corner.y + widgets::em(0.15f)), widgets::packed(look::kQuiet), words.c_str());
  }
}

void CurvesChart::draw_line(const SweepScene& scene, const LearningCurves::Line& line, float alpha,
                            NearestTrial* nearest) {
  ImDrawList& list = *ImPlot::GetPlotDrawList();
  const Trial& trial = scene.trial(line.trial);
  const bool selected = scene.is_selected(line.trial);
  const Color color = selected && !scene.shown_run(line.trial) ? look::kText : trial_color(scene, line.trial);
  const float weight = selected ? 3.0f : scene.shown_run(line.trial) ? 1.8f : 1.2f;
  const ImVec2 mouse = ImGui::GetMousePos();
  const auto flush = [&] {
    if (pixels_.size() > 1)
      list.AddPolyline(pixels_.data(), static_cast<int>(pixels_.size()), widgets::packed(color, alpha), weight);
    else if (pixels_.size() == 1)
      list.AddCircleFilled(pixels_[0], 1.5f * weight, widgets::packed(color, alpha));
    for (std::size_t i = 0; nearest && i < pixels_.size(); ++i)
      nearest->offer(line.trial, square_to_piece(pixels_[i > 0 ? i - 1 : 0], pixels_[i], mouse));
    pixels_.clear();
  };
  ImVec2 last;
  for (std::size_t i = 0; i < line.steps.size(); ++i) {
    if (!std::isfinite(line.values[i])) {
      flush();
      continue;
    }
    pixels_.push_back(last = ImPlot::PlotToPixels(line.steps[i], line.values[i]));
  }
  flush();
  if (trial.state == TrialState::pruned || trial.paused())
    list.AddCircle(last, widgets::em(0.2f), widgets::packed(color, std::min(1.0f, 1.5f * alpha)), 0, 1.3f);
}

}  // namespace

std::unique_ptr<SweepChart> make_curves_chart() { return std::make_unique<CurvesChart>(); }

}  // namespace ablate
