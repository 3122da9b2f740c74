#include "viewers/logged/histogram_map.h"

#include <fmt/format.h>
#include <implot.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "viewers/widgets.h"

namespace ablate {
namespace {

constexpr std::size_t kBins = 48, kColumns = 240;

}  // namespace

std::vector<double> rebinned(const Histogram& histogram, double low, double high, std::size_t bins) {
  std::vector<double> parts(bins);
  if (!(histogram.count > 0) || !(high > low)) return parts;
  const double width = (high - low) / static_cast<double>(bins);
  double left = histogram.min;
  for (std::size_t i = 0; i < histogram.bucket_limits.size() && i < histogram.bucket_counts.size(); ++i) {
    // The outermost edges of other writers lie at the ends of all numbers.
    const double right = std::clamp(histogram.bucket_limits[i], histogram.min, histogram.max);
    const double part = histogram.bucket_counts[i] / histogram.count;
    const auto bin_of = [&](double value) {
      return std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>((value - low) / width), 0, std::ssize(parts) - 1);
    };
    for (std::ptrdiff_t bin = bin_of(left); part > 0 && bin <= bin_of(right); ++bin) {
      const double from = std::max(left, low + width * static_cast<double>(bin)),
                   to = std::min(right, low + width * static_cast<double>(bin + 1));
      parts[static_cast<std::size_t>(bin)] += right > left ? part * std::max(0.0, to - from) / (right - left) : part;
    }
    left = std::max(left, right);
  }
  return parts;
}

void draw_histogram_map(const char* id, const SharedColumn<HistogramPoint>& points, ImVec2 size) {
  double low = INFINITY, high = -INFINITY;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (const Histogram& histogram = *points[i].histogram; histogram.count > 0) {
      low = std::min(low, histogram.min);
      high = std::max(high, histogram.max);
    }
  if (!(low <= high)) return;
  if (low == high) low -= 0.5, high += 0.5;
  const auto flags = ImPlotFlags_NoLegend | ImPlotFlags_NoMenus | ImPlotFlags_NoMouseText | ImPlotFlags_NoTitle;
  if (!ImPlot::BeginPlot(id, size, flags)) return;
  std::vector<std::size_t> by_step(points.size());
  std::iota(by_step.begin(), by_step.end(), 0);
  std::ranges::stable_sort(by_step, {}, [&](std::size_t i) { return points[i].step; });
  const double first = static_cast<double>(points[by_step.front()].step),
               last = static_cast<double>(points[by_step.back()].step);
  // Each histogram holds until the next one; the last one as long as is usual.
  const double length =
      (last - first) * (1 + 1 / std::max(1.0, static_cast<double>(points.size()) - 1)) + (last == first);
  const std::size_t columns = points.size() == 1 ? 1 : kColumns;
  const auto chosen = [&](std::size_t column) -> const HistogramPoint& {
    const double x = first + length * (static_cast<double>(column) + 0.5) / static_cast<double>(columns);
    const auto after =
        std::ranges::upper_bound(by_step, x, {}, [&](std::size_t i) { return static_cast<double>(points[i].step); });
    return points[*std::prev(after)];
  };
  ImPlot::SetupAxes("step", nullptr, ImPlotAxisFlags_NoHighlight | ImPlotAxisFlags_NoGridLines,
                    ImPlotAxisFlags_NoHighlight | ImPlotAxisFlags_NoGridLines);
  ImPlot::SetupAxesLimits(first, first + length, low, high, ImPlotCond_Always);
  ImPlot::SetupFinish();
  std::vector<double> cells(kBins * columns);  // Rows from the highest values down.
  for (std::size_t column = 0; column < columns; ++column) {
    const std::vector<double> parts = rebinned(*chosen(column).histogram, low, high, kBins);
    const double most = *std::ranges::max_element(parts);
    for (std::size_t bin = 0; bin < kBins; ++bin)
      cells[(kBins - 1 - bin) * columns + column] = most > 0 ? parts[bin] / most : 0;
  }
  ImPlot::PushColormap(ImPlotColormap_Viridis);
  ImPlot::PlotHeatmap("##map", cells.data(), static_cast<int>(kBins), static_cast<int>(columns), 0, 1, nullptr,
                      ImPlotPoint(first, low), ImPlotPoint(first + length, high));
  ImPlot::PopColormap();
  if (ImPlot::IsPlotHovered()) {
    const ImPlotPoint mouse = ImPlot::GetPlotMousePos();
    const double part = std::clamp((mouse.x - first) / length, 0.0, 1.0);
    const HistogramPoint& point =
        chosen(std::min(columns - 1, static_cast<std::size_t>(part * static_cast<double>(columns))));
    const double width = (high - low) / static_cast<double>(kBins);
    const auto bin = static_cast<std::size_t>(std::clamp((mouse.y - low) / width, 0.0, static_cast<double>(kBins - 1)));
    ImGui::SetTooltip("%s",
                      fmt::format("step {}\n{:.1f} % of {:.0f} values in {:.3g} to {:.3g}", point.step,
                                  100 * rebinned(*point.histogram, low, high, kBins)[bin], point.histogram->count,
                                  low + width * static_cast<double>(bin), low + width * static_cast<double>(bin + 1))
                          .c_str());
  }
  ImPlot::EndPlot();
}

}  // namespace ablate
