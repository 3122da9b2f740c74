#pragma once

#include <imgui.h>
#include <implot.h>

#include <array>
#include <initializer_list>
#include <optional>
#include <string>

#include "viewers/colors.h"
#include "viewers/sweep/chart.h"

namespace ablate {

/// Of trials that aren't drawn in the colour of a run.
inline constexpr Color kTrialColor{0.60f, 0.66f, 0.74f};
inline constexpr Color kTrainingColor{0.36f, 0.70f, 0.50f};
inline constexpr auto kChartFlags =
    ImPlotFlags_NoLegend | ImPlotFlags_NoMenus | ImPlotFlags_NoMouseText | ImPlotFlags_NoTitle;

/// The run's own where it is shown, else kTrialColor.
Color trial_color(const SweepScene& scene, int trial);
/// By what became of it: training green, done light, pruned dark, failed red.
Color state_color(const Trial& trial);

/// A trial as a point: filled when complete, hollow when it was pruned, a ring around the best and the selected one.
void draw_trial(ImDrawList& list, const SweepScene& scene, int trial, ImVec2 at, const Color& color);
void draw_cross(ImDrawList& list, ImVec2 at, ImU32 color);
/// The same within the plot that is being drawn; what lies above or below it is an arrow at its edge. Where it stands.
ImVec2 draw_trial_or_arrow(ImDrawList& list, const SweepScene& scene, int trial, ImVec2 at, const Color& color);
/// What is drawn over what: what the marks leave out lies lowest.
enum class Layer { left_out, usual, shown, selected };
inline constexpr std::array kLayers{Layer::left_out, Layer::usual, Layer::shown, Layer::selected};
Layer layer_of(const SweepScene& scene, int trial);

/// One line of small marks and what they mean.
enum class LegendMark { dot, ring, cross, line, box };
struct LegendEntry {
  LegendMark mark;
  Color color;
  const char* word;
};
void draw_legend(std::initializer_list<LegendEntry> entries);

/// The trial nearest to the mouse among those offered, if it is near.
class NearestTrial {
 public:
  void offer(int trial, ImVec2 at) { offer(trial, square_to_mouse(at)); }
  void offer(int trial, float square_distance);
  std::optional<int> trial() const;
  static float square_to_mouse(ImVec2 at);

 private:
  int nearest_ = -1;
  float square_ = 1e12f;
};

/// While the mouse is over the chart: what the trial is, and a click selects it.
void point_at(SweepScene& scene, const std::optional<int>& trial);
/// Whether the mouse is over the plot that is being drawn, whatever else it does.
bool mouse_in_plot();

/// Scale and ticks of an axis for a parameter or objective; during the setup of a plot. `pixels`: its length.
void setup_axis(ImAxis which, const StudyAxis& axis, float pixels, const char* label);
/// Ticks at the powers of ten of a logarithmic axis, as many as have room: ImPlot has too few where an axis is short.
void setup_decades(ImAxis which, const StudyAxis& axis, float pixels);
/// A name as it stands beside an axis: "optimizer.weight_decay" is "weight decay" where that is no other's too.
std::string short_name(const StudyAxes& axes, const StudyAxis& axis);

/// The limits of a plot that a person may move: as the data ask for until then, and again after a double click.
class PlotLimits {
 public:
  struct Range {
    double low, high;
  };
  /// Between BeginPlot and SetupFinish.
  void setup(Range x, Range y);
  const Range& x() const { return x_; }
  /// EndPlot, and whether a person has moved them.
  void end_plot();

 private:
  Range asked_x_{0, 1}, asked_y_{0, 1}, x_{0, 1}, y_{0, 1};
  bool moved_ = false;
};

/// What share of a colour map means good, from 0 to 1: of an objective to be minimised the lowest.
double goodness(const Study& study, const StudyAxis& objective, std::size_t index, double value);
ImU32 goodness_color(double goodness, float alpha = 1);
/// A bar of those colours along the scene's objective, the highest value at the top.
void draw_goodness_bar(ImDrawList& list, const SweepScene& scene, ImVec2 top_left, ImVec2 size);
/// The same as an item, with values beside it.
void draw_goodness_scale(const SweepScene& scene, ImVec2 size);

}  // namespace ablate
