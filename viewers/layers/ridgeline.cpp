#include "viewers/layers/ridgeline.h"

#include <fmt/format.h>
#include <implot.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "viewers/widgets.h"

namespace ablate {
namespace {

/// How much of the values lie at `x[i]` for each unit of x; the fullest place is 1.
struct Outline {
  std::vector<double> x, density;
};

Outline outline_of(const Histogram& histogram) {
  Outline outline;
  if (!(histogram.count > 0) || !(histogram.min <= histogram.max)) return outline;
  double left = histogram.min, most = 0;
  for (std::size_t i = 0; i < histogram.bucket_limits.size() && i < histogram.bucket_counts.size(); ++i) {
    // The outermost edges of other writers lie at the ends of all numbers.
    const double right = std::clamp(histogram.bucket_limits[i], histogram.min, histogram.max);
    if (!(right > left)) continue;
    outline.x.push_back(0.5 * (left + right));
    outline.density.push_back(histogram.bucket_counts[i] / (right - left));
    most = std::max(most, outline.density.back());
    left = right;
  }
  for (double& density : outline.density) density = most > 0 ? density / most : 0;
  if (outline.x.empty()) outline = {{histogram.min}, {1}};  // All values are the same.
  return outline;
}

/// Evenly spread, the last one included.
std::vector<std::size_t> evenly(std::size_t count, std::size_t most) {
  std::vector<std::size_t> chosen;
  const std::size_t rows = std::min(count, most);
  for (std::size_t i = 0; i < rows; ++i) chosen.push_back(rows == 1 ? count - 1 : i * (count - 1) / (rows - 1));
  return chosen;
}

/// Above the oldest one there are no steps.
int step_label(double value, char* text, int size, void* first) {
  const bool within = value >= *static_cast<const double*>(first);
  return std::snprintf(text, static_cast<std::size_t>(size), "%s", within ? fmt::format("{:g}", value).c_str() : "");
}

void say(const HistogramPoint& point) {
  const Histogram& histogram = *point.histogram;
  if (!ImGui::BeginTooltip()) return;
  ImGui::TextUnformatted(fmt::format("step {}", point.step).c_str());
  if (histogram.count > 0) {
    const double mean = histogram.sum / histogram.count;
    const double variance = std::max(0.0, histogram.sum_squares / histogram.count - mean * mean);
    widgets::quiet_text(fmt::format("{:.3g} to {:.3g}\nmean {:.3g}, std {:.3g}, {:.0f} values", histogram.min,
                                    histogram.max, mean, std::sqrt(variance), histogram.count));
  } else {
    widgets::quiet_text("no finite value");
  }
  ImGui::EndTooltip();
}

}  // namespace

void draw_ridgeline(const char* id, const SharedColumn<HistogramPoint>& points, ImVec2 size, const Color& color) {
  if (points.empty()) return;
  const auto most = static_cast<std::size_t>(std::max(2.0f, size.y / widgets::em(0.6f)));
  const std::vector<std::size_t> rows = evenly(points.size(), most);
  double low = INFINITY, high = -INFINITY;
  for (const std::size_t row : rows)
    if (const Histogram& histogram = *points[row].histogram; histogram.count > 0) {
      low = std::min(low, histogram.min);
      high = std::max(high, histogram.max);
    }
  if (!(low <= high)) low = high = 0;
  const double margin = high > low ? 0.03 * (high - low) : std::max(1e-12, 0.5 * std::abs(high));
  const double first = static_cast<double>(points[rows.front()].step),
               last = static_cast<double>(points[rows.back()].step);
  const auto flags = ImPlotFlags_NoLegend | ImPlotFlags_NoMenus | ImPlotFlags_NoMouseText | ImPlotFlags_NoTitle |
                     ImPlotFlags_NoBoxSelect;
  if (!ImPlot::BeginPlot(id, size, flags)) return;
  const auto locked = ImPlotAxisFlags_NoHighlight | ImPlotAxisFlags_Lock;
  ImPlot::SetupAxis(ImAxis_X1, nullptr, locked);
  ImPlot::SetupAxis(ImAxis_Y1, "step", locked | ImPlotAxisFlags_Invert | ImPlotAxisFlags_NoGridLines);
  // The oldest one needs room above itself.
  const double length = std::max(1.0, last - first), room = rows.size() > 1 ? 0.25 * length : length;
  ImPlot::SetupAxesLimits(low - margin, high + margin, first - room, last + 0.02 * length, ImPlotCond_Always);
  ImPlot::SetupAxisFormat(ImAxis_Y1, step_label, const_cast<double*>(&first));
  ImPlot::SetupFinish();
  ImPlot::PushPlotClipRect();
  ImDrawList& list = *ImPlot::GetPlotDrawList();
  const float tallest = ImPlot::GetPlotSize().y * static_cast<float>(room / (length + room));
  const float height = std::min(tallest, 0.9f * ImPlot::GetPlotSize().y);
  const auto flags_before = list.Flags;
  list.Flags &= ~ImDrawFlags_AAFill;  // Else there are seams between the pieces.
  std::vector<ImVec2> edge;
  const HistogramPoint* nearest = nullptr;
  float away = INFINITY;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const HistogramPoint& point = points[rows[i]];
    const Outline outline = outline_of(*point.histogram);
    const float base = ImPlot::PlotToPixels(0, static_cast<double>(point.step)).y;
    if (const float distance = std::abs(ImGui::GetMousePos().y - base); distance < away) {
      away = distance;
      nearest = &point;
    }
    edge.clear();
    for (std::size_t k = 0; k < outline.x.size(); ++k) {
      const float x = ImPlot::PlotToPixels(outline.x[k], 0).x;
      edge.emplace_back(x, base - height * static_cast<float>(outline.density[k]));
    }
    if (edge.size() == 1) edge = {ImVec2(edge[0].x - 1, base), edge[0], ImVec2(edge[0].x + 1, base)};
    const float age = rows.size() > 1 ? 1 - static_cast<float>(i) / static_cast<float>(rows.size() - 1) : 0;
    const ImU32 fill = widgets::packed(
        {color[0] * (0.62f - 0.42f * age), color[1] * (0.62f - 0.42f * age), color[2] * (0.62f - 0.42f * age)});
    for (std::size_t k = 1; k < edge.size(); ++k)
      list.AddQuadFilled(ImVec2(edge[k - 1].x, base), edge[k - 1], edge[k], ImVec2(edge[k].x, base), fill);
    list.AddPolyline(edge.data(), static_cast<int>(edge.size()), widgets::packed(color, 1 - 0.55f * age), 1.2f);
  }
  list.Flags = flags_before;
  const bool hovered = ImPlot::IsPlotHovered();
  ImPlot::PopPlotClipRect();
  ImPlot::EndPlot();
  if (hovered && nearest) say(*nearest);
}

}  // namespace ablate
