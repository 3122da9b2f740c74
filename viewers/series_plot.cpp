#include "viewers/series_plot.h"

#include <fmt/format.h>
#include <implot.h>
#include <implot_internal.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "viewers/find_line.h"
#include "viewers/ribbons.h"
#include "viewers/side_by_side.h"
#include "viewers/widgets.h"

namespace ablate {

void PlotSeries::Range::add(double value) {
  if (!std::isfinite(value)) return;
  min = any ? std::min(min, value) : value;
  max = any ? std::max(max, value) : value;
  if (value > 0 && (min_positive == 0 || value < min_positive)) min_positive = value;
  any = true;
}

void PlotSeries::Range::add(const Range& other) {
  if (!other.any) return;
  add(other.min);
  add(other.max);
  add(other.min_positive > 0 ? other.min_positive : other.max);
}

bool PlotSeries::rises(const ScalarColumn& points) const {
  const ScalarTotals& totals = points.totals();
  if (axis_ == XAxis::order) return true;
  const bool by_time = axis_ == XAxis::relative_time || axis_ == XAxis::wall_time;
  return by_time ? totals.walls_rise : totals.steps_rise;
}

double PlotSeries::x_of(const ScalarColumn& points, std::size_t i) const {
  switch (axis_) {
    case XAxis::relative_time:
      return points.wall_seconds(i) - first_wall_;
    case XAxis::wall_time:
      return points.wall_seconds(i);
    case XAxis::step:
    case XAxis::epoch:
    case XAxis::images:
      return static_cast<double>(points.step(i)) * x_per_step_;
    case XAxis::order:
      break;
  }
  return static_cast<double>(i);
}

double PlotSeries::ByX::x_elsewhere(std::size_t i) const {
  const XAxis axis = series_.axis_;
  if (axis == XAxis::step || axis == XAxis::epoch || axis == XAxis::images) even_ = series_.points_.even_steps(i);
  return even_.count > 0 ? even_x(i) : series_.x_of(series_.points_, i);
}

void PlotSeries::update(const ScalarColumn& points, XAxis axis, const Smoothing& smoothing, double x_per_step) {
  const bool same_way = axis == axis_ && smoothing == smoothing_ && x_per_step == x_per_step_;
  const auto same_point = [&](const ScalarPoint& point) {
    return point.step == last_.step && point.wall_seconds == last_.wall_seconds &&
           (point.value == last_.value || (std::isnan(point.value) && std::isnan(last_.value)));
  };
  const bool only_more =
      same_way && points.size() >= consumed_ && (consumed_ == 0 || same_point(points[consumed_ - 1]));
  if (only_more && points.size() == consumed_) return;
  ++version_;
  axis_ = axis;
  x_per_step_ = x_per_step;
  smoothing_ = smoothing;
  if (!points.empty()) first_wall_ = points.wall_seconds(0);
  if (!only_more || !rises(points)) {
    smoothed_ = low_ = high_ = {};
    smoother_ = Smoother(smoothing_.weight);
    usual_of_ = 0;
  }
  points_ = rises(points) ? points : sorted(points);
  smooth_on();
  consumed_ = points.size();
  if (consumed_ > 0) last_ = points.back();
  raw_cache_.valid = smooth_cache_.valid = low_cache_.valid = high_cache_.valid = false;
}

void PlotSeries::clear() {
  const std::uint64_t version = version_;
  *this = {};
  version_ = version + 1;
}

ScalarColumn PlotSeries::sorted(const ScalarColumn& points) const {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (std::isfinite(x_of(points, i))) order.push_back(i);  // A wall time may be NaN.
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return x_of(points, i); });
  ScalarColumn by_x;
  for (const std::size_t i : order) by_x.push_back(points[i]);
  return by_x;
}

void PlotSeries::smooth_on() {
  if (smoothing_.weight == 0) return;
  const auto add = [](ScalarColumn& column, double value) { column.push_back({0, 0, static_cast<float>(value)}); };
  if (smoothing_.kind == SmoothingKind::exponential) {
    for (std::size_t i = smoothed_.size(); i < points_.size(); ++i) add(smoothed_, smoother_.next(points_.value(i)));
    return;
  }
  std::vector<double> values;
  for (std::size_t i = 0; i < points_.size(); ++i) values.push_back(points_.value(i));
  smoothed_ = low_ = high_ = {};
  if (smoothing_.kind == SmoothingKind::gaussian) {
    for (const double value : gaussian_smoothed(values, smoothing_.points())) add(smoothed_, value);
    return;
  }
  const RunningMedian running = running_median(values, static_cast<std::size_t>(std::lround(smoothing_.points())));
  for (std::size_t i = 0; i < values.size(); ++i) {
    add(smoothed_, running.median[i]);
    add(low_, running.low[i]);
    add(high_, running.high[i]);
  }
}

PlotSeries::Range PlotSeries::y_range() const {
  const ScalarTotals& totals = points_.totals();
  if (!totals.extent.any()) return {};
  return {totals.extent.low, totals.extent.high, totals.least_positive, true};
}

std::size_t PlotSeries::not_finite() const {
  const ScalarTotals& totals = points_.totals();
  return totals.nan + totals.above + totals.below;
}

const PlotSeries::Range& PlotSeries::usual_y_range() {
  if (usual_of_ == size()) return usual_y_range_;
  usual_of_ = size();
  std::vector<double> values;
  for (std::size_t i = 0; i < size(); ++i)
    if (const double value = points_.value(i); std::isfinite(value)) values.push_back(value);
  usual_y_range_ = {};
  if (values.empty()) return usual_y_range_;
  std::ranges::sort(values);
  const auto at = [&](double share) { return values[static_cast<std::size_t>(share * double(values.size() - 1))]; };
  for (const double value : {at(0.05), at(0.95)}) usual_y_range_.add(value);
  if (const auto positive = std::ranges::upper_bound(values, 0.0); positive != values.end())
    usual_y_range_.min_positive = std::max(*positive, usual_y_range_.min);
  return usual_y_range_;
}

PlotSeries::Range PlotSeries::x_range() const {
  Range range;
  if (empty()) return range;
  range.add(x_of(points_, 0));
  range.add(x_of(points_, size() - 1));
  return range;
}

const VisibleLine& PlotSeries::visible(Cached& cached, const ScalarColumn& values, double x_min, double x_max,
                                       int columns, XScale scale) {
  if (!cached.is_of(x_min, x_max, columns, scale)) {
    level_of_detail::find_line(ByX(*this, values), x_min, x_max, columns, scale, cached.line);
    cached.x_min = x_min, cached.x_max = x_max;
    cached.columns = columns;
    cached.scale = scale;
    cached.valid = true;
  }
  return cached.line;
}

const VisibleLine& PlotSeries::raw(double x_min, double x_max, int columns, XScale scale) {
  return visible(raw_cache_, points_, x_min, x_max, columns, scale);
}

const VisibleLine& PlotSeries::smoothed(double x_min, double x_max, int columns, XScale scale) {
  if (smoothing_.weight == 0) return raw(x_min, x_max, columns, scale);
  return visible(smooth_cache_, smoothed_, x_min, x_max, columns, scale);
}

const VisibleLine& PlotSeries::low(double x_min, double x_max, int columns, XScale scale) {
  return visible(low_cache_, low_, x_min, x_max, columns, scale);
}

const VisibleLine& PlotSeries::high(double x_min, double x_max, int columns, XScale scale) {
  return visible(high_cache_, high_, x_min, x_max, columns, scale);
}

bool PlotSeries::has_smoothed(double x_min, double x_max, int columns, XScale scale) const {
  return (smoothing_.weight == 0 ? raw_cache_ : smooth_cache_).is_of(x_min, x_max, columns, scale);
}

std::optional<PlotSeries::Point> PlotSeries::nearest(double x) const {
  if (empty()) return std::nullopt;
  std::size_t at = first_at(ByX(*this, points_), x);
  if (at == size() || (at > 0 && x - x_of(points_, at - 1) < x_of(points_, at) - x)) --at;
  return Point{x_of(points_, at), points_.value(at), smoothing_.weight == 0 ? points_.value(at) : smoothed_.value(at)};
}

namespace {

/// Dashes run on through the corners of the line, so that a line of many short pieces is dashed as well.
void draw_dashes(const VisibleLine& line, ImU32 color, float pixels) {
  ImDrawList* const list = ImPlot::GetPlotDrawList();
  const float dash = widgets::em(0.42f), gap = widgets::em(0.30f);
  float phase = 0;  // Position within dash + gap.
  for (std::size_t i = 1; i < line.x.size(); ++i) {
    if (std::isnan(line.y[i - 1]) || std::isnan(line.y[i])) continue;
    const ImVec2 a = ImPlot::PlotToPixels(line.x[i - 1], line.y[i - 1]);
    const ImVec2 b = ImPlot::PlotToPixels(line.x[i], line.y[i]);
    const float length = std::hypot(b.x - a.x, b.y - a.y);
    if (!(length > 0) || length > 1e5f) continue;
    for (float done = 0; done < length;) {
      const bool drawn = phase < dash;
      const float piece = std::min((drawn ? dash : dash + gap) - phase, length - done);
      if (drawn) {
        const float from = done / length, to = (done + piece) / length;
        list->AddLine(ImVec2(a.x + (b.x - a.x) * from, a.y + (b.y - a.y) * from),
                      ImVec2(a.x + (b.x - a.x) * to, a.y + (b.y - a.y) * to), color, pixels);
      }
      done += std::max(piece, 0.01f);
      phase += std::max(piece, 0.01f);
      if (phase >= dash + gap) phase = 0;
    }
  }
}

}  // namespace

bool is_ribbon(const VisibleLine& line) { return static_cast<float>(line.x.size()) > ImPlot::GetPlotSize().x; }

void find_lines(std::span<PlotSeries* const> series, double x_min, double x_max, int columns, XScale scale) {
  constexpr std::size_t kMany = 1'000'000;
  std::size_t points = 0;
  for (const PlotSeries* each : series)
    if (!each->has_smoothed(x_min, x_max, columns, scale)) points += each->size();
  if (points < kMany) return;
  side_by_side(series.size(), [&](std::size_t i) { series[i]->smoothed(x_min, x_max, columns, scale); });
}

void draw_line(const VisibleLine& line, const Color& color, float alpha, float pixels, LineStyle style) {
  if (line.x.empty()) return;
  ImPlot::PushPlotClipRect();
  if (style == LineStyle::dashed) {
    draw_dashes(line, widgets::packed(color, alpha), pixels);
  } else if (line.x.size() == 1) {
    ImPlot::GetPlotDrawList()->AddCircleFilled(ImPlot::PlotToPixels(line.x[0], line.y[0]), pixels * 1.5f,
                                               widgets::packed(color, alpha));
  } else if (is_ribbon(line)) {
    static Ribbons alone;  // The drawing thread's.
    const Stroke stroke{&line, color, alpha, pixels};
    alone.draw({&stroke, 1});
  } else {
    ImPlotSpec spec;
    spec.LineColor = widgets::vector_of(color, alpha);
    spec.LineWeight = pixels;
    spec.Flags = ImPlotItemFlags_NoLegend | ImPlotItemFlags_NoFit;
    ImPlot::PlotLine("##line", line.x.data(), line.y.data(), static_cast<int>(line.x.size()), spec);
  }
  ImPlot::PopPlotClipRect();
}

void draw_not_finite(const VisibleLine& line, const Color& color) {
  if (line.not_finite.empty()) return;
  ImPlot::PushPlotClipRect();
  ImDrawList* const list = ImPlot::GetPlotDrawList();
  const float bottom = ImPlot::GetPlotPos().y + ImPlot::GetPlotSize().y;
  const float high = widgets::em(0.3f), half = widgets::em(0.1f);
  float named_until = -1e9f;  // One word for a group, not one for each point.
  std::string named;
  for (const auto& [x, value] : line.not_finite) {
    const float at = ImPlot::PlotToPixels(x, 1).x;
    list->AddRectFilled(ImVec2(at - half, bottom - high), ImVec2(at + half, bottom), widgets::packed(look::kWrong));
    list->AddRectFilled(ImVec2(at - half, bottom - 1.4f * high), ImVec2(at + half, bottom - high),
                        widgets::packed(color));
    const std::string word = widgets::short_number(value);
    if (at > named_until || word != named) {
      list->AddText(ImVec2(at - half, bottom - 1.5f * high - ImGui::GetTextLineHeight()), widgets::packed(look::kWrong),
                    word.c_str());
      named = word;
      named_until = at + widgets::em(3);
    }
    named_until = std::max(named_until, at + widgets::em(1));
  }
  ImPlot::PopPlotClipRect();
}

namespace {

/// Round numbers within [low, high], at most `most` unless those are only two.
std::vector<double> log_ticks(double low, double high, std::size_t most) {
  std::vector<double> ticks;
  if (std::log10(high / low) < 0.6) {  // Powers of ten are far apart: even steps.
    const double power = std::pow(10, std::floor(std::log10(high - low)));
    for (const double factor : {0.5, 1.0, 2.0, 5.0}) {
      ticks.clear();
      const double every = power * factor;
      for (double i = std::ceil(low / every); i * every <= high; ++i) ticks.push_back(i * every);
      if (ticks.size() <= most) break;
    }
    return ticks;
  }
  static const std::vector<double> kFactors[] = {{1, 1.5, 2, 3, 4, 5, 6, 8}, {1, 2, 5}, {1, 3}, {1}};
  for (const std::vector<double>& factors : kFactors) {
    std::vector<double> fewer;
    for (double power = std::pow(10, std::floor(std::log10(low))); power <= high; power *= 10)
      for (const double factor : factors)
        if (power * factor >= low && power * factor <= high) fewer.push_back(power * factor);
    if (fewer.size() < 2) break;
    ticks = std::move(fewer);
    if (ticks.size() <= most) break;
  }
  return ticks;
}

}  // namespace

void setup_log_ticks(double low, double high, float pixels) {
  if (!(low > 0) || !(high > low) || high >= 100 * low) return;
  const float room = pixels / (1.6f * ImGui::GetTextLineHeight());
  const std::vector<double> ticks = log_ticks(low, high, static_cast<std::size_t>(std::clamp(room, 2.0f, 9.0f)));
  if (ticks.size() < 2) return;
  std::vector<std::string> words;
  std::vector<const char*> labels;
  for (const double tick : ticks) words.push_back(fmt::format("{:.4g}", tick));
  for (const std::string& word : words) labels.push_back(word.c_str());
  ImPlot::SetupAxisTicks(ImAxis_Y1, ticks.data(), static_cast<int>(ticks.size()), labels.data());
}

int format_relative_time(double seconds, char* text, int size, void*) {
  std::string result;
  if (std::abs(seconds) < 120)
    result = fmt::format("{:g} s", seconds);
  else if (std::abs(seconds) < 7200)
    result = fmt::format("{:.3g} min", seconds / 60);
  else
    result = fmt::format("{:.3g} h", seconds / 3600);
  const auto length = std::min(result.size(), static_cast<std::size_t>(size - 1));
  std::copy_n(result.begin(), length, text);
  text[length] = 0;
  return static_cast<int>(length);
}

}  // namespace ablate
