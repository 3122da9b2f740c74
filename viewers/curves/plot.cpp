#include "viewers/curves/plot.h"

#include <fmt/format.h>
#include <imgui.h>
#include <implot.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <optional>

#include "viewers/curves/x_axis.h"
#include "viewers/plot_choice.h"
#include "viewers/widgets.h"

namespace ablate {

void BandSeries::update(const std::vector<PlotSeries*>& members, Spread spread) {
  std::vector<std::pair<const PlotSeries*, std::uint64_t>> made_of;
  for (const PlotSeries* member : members) made_of.emplace_back(member, member->version());
  if (made_of == made_of_ && spread == spread_) return;
  made_of_ = std::move(made_of);
  spread_ = spread;
  std::deque<PlotSeries::ByX> curves;
  std::vector<const PointsByX*> all;
  for (const PlotSeries* member : members) all.push_back(&curves.emplace_back(member->by_x()));
  const Band band = band_of(all, spread);
  for (const auto& [series, values] :
       {std::pair(&mean_, &band.mean), std::pair(&low_, &band.low), std::pair(&high_, &band.high)}) {
    ScalarColumn column;
    for (std::size_t i = 0; i < band.x.size(); ++i) column.push_back({band.runs[i], band.x[i], (*values)[i]});
    series->clear();
    series->update(column, XAxis::wall_time, 0);  // Whatever x is.
  }
}

std::string Plot::name_of(const PlotLine& line) const {
  return of_tags ? line.run->info.name + "  " + line.tag : line.run->info.name;
}

std::string Plot::kind_of(const PlotLine& line) const {
  return of_tags ? line.tag : line.train_mode ? "train" : "eval";
}

std::vector<PlotSeries*> Plot::series() const {
  std::vector<PlotSeries*> all;
  for (const PlotLine& line : lines)
    if (bands.empty()) all.push_back(line.series);
  for (const PlotBand& band : bands)
    for (PlotSeries* each : {&band.series->mean(), &band.series->low(), &band.series->high()}) all.push_back(each);
  return all;
}

Limits y_limits(const Plot& plot, bool outliers) {
  PlotSeries::Range range;
  for (PlotSeries* series : plot.series()) range.add(outliers ? series->y_range() : series->usual_y_range());
  if (!range.any) return {0, 1};
  if (plot.scale == YScale::logarithmic && range.min_positive > 0) {
    const double low = range.min_positive, high = std::max(range.max, low * 1.1);
    const double margin = std::pow(high / low, 0.05);
    return {low / margin, high * margin};
  }
  if (!plot.difference && is_share(plot.name) && range.min >= 0 && range.max <= 1) return {0, 1};
  const double margin =
      range.max > range.min ? 0.05 * (range.max - range.min) : std::max(1e-9, std::abs(range.max) * 0.1);
  return {range.min - margin, range.max + margin};
}

namespace {

/// The surface between two lines.
void draw_between(const VisibleLine& low, const VisibleLine& high, const Color& color) {
  const SpanPoints below(low.x, low.y), above(high.x, high.y);
  const Band surface = band_of({&below, &above}, Spread::min_max);
  ImPlotSpec spec;
  spec.FillColor = widgets::vector_of(color);
  spec.FillAlpha = 0.18f;
  spec.Flags = ImPlotItemFlags_NoLegend | ImPlotItemFlags_NoFit;
  ImPlot::PlotShaded("##band", surface.x.data(), surface.low.data(), surface.high.data(),
                     static_cast<int>(surface.x.size()), spec);
}

/// What was logged, faintly.
void draw_raw(const Plot& plot, const auto& raw) {
  std::vector<Stroke> ribbons;
  for (const PlotLine& line : plot.lines) {
    if (line.dropped) continue;
    const VisibleLine& visible = raw(*line.series);
    if (is_ribbon(visible))
      ribbons.push_back({&visible, line.run->color, 0.22f, 1.0f});
    else
      draw_line(visible, line.run->color, 0.22f, 1.0f, LineStyle::solid);
  }
  plot.ribbons->behind.draw(ribbons);
}

}  // namespace

void draw_lines(const Plot& plot, const XView& view, bool raw_behind) {
  const int columns = std::max(16, static_cast<int>(ImPlot::GetPlotSize().x));
  const float pixels = std::max(1.5f, widgets::em(0.115f));
  const auto raw = [&](PlotSeries& series) -> const VisibleLine& {
    return series.raw(view.x.min, view.x.max, columns, view.scale);
  };
  for (const PlotBand& band : plot.bands) draw_between(raw(band.series->low()), raw(band.series->high()), band.color);
  for (const PlotBand& band : plot.bands)
    draw_line(raw(band.series->mean()), band.color, 1, band.train_mode ? pixels * 0.8f : pixels,
              band.train_mode ? LineStyle::dashed : LineStyle::solid);
  if (!plot.bands.empty()) return;
  find_lines(plot.series(), view.x.min, view.x.max, columns, view.scale);
  for (const PlotLine& line : plot.lines)
    if (line.series->has_band()) {
      const auto edge = [&](auto which) -> const VisibleLine& {
        return (line.series->*which)(view.x.min, view.x.max, columns, view.scale);
      };
      draw_between(edge(&PlotSeries::low), edge(&PlotSeries::high), line.run->color);
    }
  if (raw_behind) draw_raw(plot, raw);
  std::vector<Stroke> ribbons;
  std::vector<const PlotLine*> others;
  for (const PlotLine& line : plot.lines) {
    const VisibleLine& visible = line.series->smoothed(view.x.min, view.x.max, columns, view.scale);
    if (!line.train_mode && !line.dropped && is_ribbon(visible))
      ribbons.push_back({&visible, line.run->color, 1, pixels});
    else
      others.push_back(&line);
  }
  plot.ribbons->lines.draw(ribbons);
  for (const PlotLine* line : others) {
    const auto style = line->train_mode ? LineStyle::dashed : LineStyle::solid;
    const float alpha = line->dropped ? 0.35f : line->train_mode ? 0.75f : 1.0f;
    draw_line(line->series->smoothed(view.x.min, view.x.max, columns, view.scale), line->run->color, alpha,
              line->train_mode ? pixels * 0.8f : pixels, style);
  }
  for (const PlotLine& line : plot.lines) draw_not_finite(raw(*line.series), line.run->color);
}

namespace {

/// A line of the tooltip.
struct Row {
  const void* of = nullptr;  ///< a run; of a band its name
  std::string name;
  Color color{};
  std::optional<PlotSeries::Point> eval, train;
  std::string spread;  ///< of a band: "0.81 to 0.87, 3 runs"
  std::size_t not_finite = 0;
  float away = INFINITY;  ///< pixels from the mouse
};

Row& row_of(std::vector<Row>& rows, const void* of) {
  const auto row = std::ranges::find(rows, of, &Row::of);
  return row == rows.end() ? rows.emplace_back(Row{of}) : *row;
}

std::vector<Row> rows_at(const Plot& plot, double x) {
  std::vector<Row> rows;
  for (const PlotLine& line : plot.lines) {
    if (line.dropped || !plot.bands.empty()) continue;
    Row& row = plot.of_tags ? rows.emplace_back() : row_of(rows, line.run);
    row.name = plot.name_of(line);
    row.color = line.run->color;
    (line.train_mode ? row.train : row.eval) = line.series->nearest(x);
    row.not_finite += line.series->not_finite();
  }
  for (const PlotBand& band : plot.bands) {
    Row& row = rows.emplace_back(Row{nullptr, band.name, band.color});
    (band.train_mode ? row.train : row.eval) = band.series->mean().nearest(x);
    const auto low = band.series->low().nearest(x), high = band.series->high().nearest(x);
    if (low && high)
      row.spread = fmt::format("{} to {}, {} run{}", widgets::short_number(low->raw), widgets::short_number(high->raw),
                               band.runs, band.runs == 1 ? "" : "s");
  }
  for (Row& row : rows) {
    const double value = row.eval ? row.eval->raw : row.train ? row.train->raw : NAN;
    if (std::isfinite(value)) row.away = std::abs(ImPlot::PlotToPixels(x, value).y - ImGui::GetMousePos().y);
  }
  std::ranges::stable_sort(rows, std::less(), &Row::away);
  return rows;
}

}  // namespace

void draw_values(const Plot& plot, const XView& view, double x) {
  const std::vector<Row> rows = rows_at(plot, x);
  const bool two = std::ranges::any_of(rows, [](const Row& row) { return row.eval && row.train; });
  if (!ImGui::BeginTooltip()) return;
  widgets::quiet_text(x_words(view.axis, x));
  if (two) {
    ImGui::SameLine();
    widgets::quiet_text("  eval / train mode");
  }
  constexpr std::size_t kMost = 24;
  for (std::size_t i = 0; i < std::min(rows.size(), kMost); ++i) {
    const Row& row = rows[i];
    widgets::color_mark(row.color);
    ImGui::SameLine(0, widgets::em(0.2f));
    const auto words = [](const std::optional<PlotSeries::Point>& point) {
      return point ? widgets::short_number(point->raw) : std::string("–");
    };
    const auto& point = row.eval ? row.eval : row.train;
    ImGui::TextUnformatted((two ? words(row.eval) + " / " + words(row.train) : words(point)).c_str());
    ImGui::SameLine(widgets::em(two ? 7.5f : 4.6f));
    ImGui::TextUnformatted(row.name.c_str());
    if (!row.spread.empty()) {
      ImGui::SameLine();
      widgets::quiet_text(row.spread);
    }
    if (row.not_finite > 0) {
      ImGui::SameLine();
      widgets::wrong_text(fmt::format("{} NaN or infinite", row.not_finite));
    }
    if (point && view.axis == XAxis::step && std::abs(point->x - x) > 0.02 * (view.x.max - view.x.min)) {
      ImGui::SameLine();
      widgets::quiet_text(fmt::format("at {:g}", point->x));
    }
  }
  if (rows.size() > kMost) widgets::quiet_text(fmt::format("and {} more", rows.size() - kMost));
  ImGui::EndTooltip();
}

}  // namespace ablate
