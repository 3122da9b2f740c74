#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "viewers/sweep/contour_field.h"
#include "viewers/sweep/drawing.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

class ContourChart : public SweepChart {
 public:
  const char* name() const override { return "contour"; }
  std::string empty(const SweepScene& scene) const override {
    if (scene.axes.parameters.size() < 2)
      return "A sweep of two parameters or more will be a map of the objective here.";
    return scene.objective_axis().count > 0
               ? ""
               : "A map of the objective over two parameters will be here once trials have "
                 "ended.";
  }
  void draw(SweepScene& scene) override;

 private:
  void choose(const char* label, const StudyAxes& axes, std::string& chosen, const std::string& other);
  void draw_field(const StudyAxis& x, const StudyAxis& y, const SweepScene& scene) const;

  std::string x_, y_;  ///< names
  ContourField field_;
  std::string made_x_, made_y_;
  std::uint64_t version_ = 0;
  std::size_t objective_ = 0;
  PlotLimits limits_;
};

const StudyAxis* parameter_named(const StudyAxes& axes, const std::string& name) {
  const auto found = std::ranges::find(axes.parameters, name, &StudyAxis::name);
  return found == axes.parameters.end() ? nullptr : &*found;
}

void ContourChart::choose(const char* label, const StudyAxes& axes, std::string& chosen, const std::string& other) {
  if (!parameter_named(axes, chosen)) {
    // At first what most trials have, and of those what spans powers of ten.
    const auto rank = [](const StudyAxis& axis) { return std::tuple(axis.count, axis.log, axis.choices.empty()); };
    const StudyAxis* most = nullptr;
    for (const StudyAxis& axis : axes.parameters)
      if (axis.name != other && (!most || rank(axis) > rank(*most))) most = &axis;
    chosen = most->name;
  }
  ImGui::SetNextItemWidth(widgets::em(10));
  if (!ImGui::BeginCombo(label, short_name(axes, *parameter_named(axes, chosen)).c_str())) return;
  for (const StudyAxis& axis : axes.parameters)
    if (axis.name != other && ImGui::Selectable(short_name(axes, axis).c_str(), axis.name == chosen))
      chosen = axis.name;
  ImGui::EndCombo();
}

void ContourChart::draw(SweepScene& scene) {
  choose("across", scene.axes, x_, y_);
  ImGui::SameLine();
  choose("up", scene.axes, y_, x_);
  const StudyAxis &x = *parameter_named(scene.axes, x_), &y = *parameter_named(scene.axes, y_);
  const StudyAxis& objective = scene.objective_axis();
  if (version_ != scene.version || objective_ != scene.objective || made_x_ != x_ || made_y_ != y_) {
    version_ = scene.version;
    objective_ = scene.objective;
    made_x_ = x_;
    made_y_ = y_;
    field_ = contour_field(scene.study, x, y, objective);
    limits_ = {};
  }
  const std::string words =
      fmt::format("from {} complete trial{}; nothing where none is near", field_.trials, field_.trials == 1 ? "" : "s");
  widgets::same_line_or_wrap(ImGui::CalcTextSize(words.c_str()).x);
  widgets::quiet_text(words);

  const ImVec2 space = ImGui::GetContentRegionAvail();
  const float scale = widgets::em(4.6f), width = space.x - scale - ImGui::GetStyle().ItemSpacing.x;
  bool in_plot = false;
  NearestTrial nearest;
  if (ImPlot::BeginPlot("##contour", ImVec2(width, space.y), kChartFlags)) {
    setup_axis(ImAxis_X1, x, width - widgets::em(5), x.name.c_str());
    setup_axis(ImAxis_Y1, y, space.y - widgets::em(4), y.name.c_str());
    const auto range = [](const StudyAxis& axis) {
      const double edge = axis.choices.empty() ? 0.03 : 0;
      return PlotLimits::Range{axis.value(-edge), axis.value(1 + edge)};
    };
    limits_.setup(range(x), range(y));
    ImPlot::SetupFinish();
    in_plot = mouse_in_plot();
    ImPlot::PushPlotClipRect();
    draw_field(x, y, scene);
    ImDrawList& list = *ImPlot::GetPlotDrawList();
    const float radius = widgets::em(0.24f);
    const ImVec2 size = ImPlot::GetPlotSize();
    const float faint = std::clamp(60.0f / static_cast<float>(scene.study.trials.size()), 0.12f, 0.5f);
    const auto spread = [](const StudyAxis& axis, float pixels, int trial) {
      if (axis.choices.empty()) return 0.0f;
      return 0.6f * pixels / static_cast<float>(axis.choices.size()) *
             (static_cast<float>(trial * 37 % 101) / 101 - 0.5f);
    };
    for (const Layer layer : kLayers)
      for (const Trial& trial : scene.study.trials) {
        const int number = trial.number;
        if (!x.has(number) || !y.has(number) || !objective.has(number) || layer_of(scene, number) != layer) continue;
        ImVec2 at = ImPlot::PlotToPixels(x.of(number), y.of(number));
        at.x += spread(x, size.x, number);
        at.y += spread(y, size.y, number * 7);
        const float alpha = layer == Layer::left_out ? 0.15f : 1.0f;
        const ImU32 color = goodness_color(goodness(scene.study, objective, objective_, objective.of(number)), alpha);
        if (trial.state == TrialState::pruned) {
          list.AddCircle(at, radius, widgets::packed(kTrialColor, faint * alpha), 0, 1.2f);
        } else {
          list.AddCircleFilled(at, radius, color);
          list.AddCircle(at, radius + 0.5f, IM_COL32(0, 0, 0, static_cast<int>(200 * alpha)), 0, 1.0f);
        }
        if (scene.is_best(number)) list.AddCircle(at, radius + 2.5f, widgets::packed(look::kAccent), 0, 1.8f);
        if (scene.is_selected(number)) list.AddCircle(at, radius + 4.5f, widgets::packed(look::kText), 0, 1.8f);
        if (in_plot && scene.is_kept(number)) nearest.offer(number, at);
      }
    ImPlot::PopPlotClipRect();
    limits_.end_plot();
  }
  ImGui::SameLine();
  draw_goodness_scale(scene, ImVec2(scale, space.y));
  if (in_plot) point_at(scene, nearest.trial());
}

void ContourChart::draw_field(const StudyAxis& x, const StudyAxis& y, const SweepScene& scene) const {
  ImDrawList& list = *ImPlot::GetPlotDrawList();
  std::vector<float> left, top;
  for (int i = 0; i <= field_.columns; ++i)
    left.push_back(ImPlot::PlotToPixels(x.value(static_cast<double>(i) / field_.columns), y.value(0.5)).x);
  for (int i = 0; i <= field_.rows; ++i)
    top.push_back(ImPlot::PlotToPixels(x.value(0.5), y.value(static_cast<double>(i) / field_.rows)).y);
  for (int row = 0; row < field_.rows; ++row)
    for (int column = 0; column < field_.columns; ++column) {
      const double value = field_.at(row, column);
      if (!std::isfinite(value)) continue;
      const auto r = static_cast<std::size_t>(row), c = static_cast<std::size_t>(column);
      list.AddRectFilled(ImVec2(left[c], top[r + 1]), ImVec2(left[c + 1], top[r]),
                         goodness_color(goodness(scene.study, scene.objective_axis(), objective_, value), 0.38f));
    }
}

}  // namespace

std::unique_ptr<SweepChart> make_contour_chart() { return std::make_unique<ContourChart>(); }

}  // namespace ablate
