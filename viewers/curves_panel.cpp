#include "viewers/curves_panel.h"

#include <fmt/format.h>
#include <imgui.h>
#include <implot.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <functional>
#include <map>
#include <optional>

#include "viewers/plot_choice.h"
#include "viewers/plot_menu.h"
#include "viewers/series_plot.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

struct Limits {
  double min = 0, max = 1;
  bool operator==(const Limits&) const = default;
};

/// A line of one run in one plot, in this frame.
struct Line {
  const RunView* run = nullptr;
  PlotSeries* series = nullptr;
  bool train_mode = false;
  bool dropped = false;  ///< by a restart
};

enum class YScale { linear, logarithmic, symmetric };

struct Plot {
  std::string name;
  std::vector<Line> lines;
  YScale scale = YScale::linear;
};

constexpr std::array<const char*, 4> kXAxes{"step", "time", "wall time", "order"};
constexpr std::array<const char*, 3> kYScales{"linear", "log", "symlog"};

/// True when another is chosen.
template <class Enum, std::size_t n>
bool choose(const char* label, const std::array<const char*, n>& words, Enum& chosen, float width) {
  ImGui::SetNextItemWidth(width);
  int at = static_cast<int>(chosen);
  if (!ImGui::Combo(label, &at, words.data(), static_cast<int>(n))) return false;
  chosen = static_cast<Enum>(at);
  return true;
}

template <class Enum, std::size_t n>
void restore(const nlohmann::json& word, const std::array<const char*, n>& words, Enum& chosen) {
  for (std::size_t i = 0; i < n; ++i)
    if (word == words[i]) chosen = static_cast<Enum>(i);
}

class CurvesPanel : public Panel {
 public:
  const char* title() const override { return "Curves"; }
  Place place() const override { return Place::centre_top; }
  void draw(Workspace& workspace) override;
  nlohmann::json state() const override;
  void restore(const nlohmann::json& state) override;

 private:
  void draw_controls();
  std::vector<Plot> prepare(const Workspace& workspace);
  void add_dropped(const RunView& run, const PlotLineTag& line, Plot& plot, PlotSeries::Range& x);
  void draw_plots(std::vector<Plot>& plots);
  void draw_plot(Plot& plot, ImVec2 size, bool name_x);
  void draw_lines(Plot& plot);
  void draw_crosshair(const Plot& plot);
  void draw_values(const Plot& plot, double x);
  std::string x_words(double x) const;
  /// Wall times have no scale.
  bool logarithmic_x() const { return x_scale_ == XScale::logarithmic && axis_ != XAxis::wall_time; }
  XScale x_scale() const { return logarithmic_x() ? XScale::logarithmic : XScale::linear; }
  Limits whole(const PlotSeries::Range& x) const;
  Limits y_limits(const Plot& plot) const;

  float smoothing_ = 0.6f;
  XAxis axis_ = XAxis::step;
  XScale x_scale_ = XScale::linear;
  YScale y_scale_ = YScale::logarithmic;
  bool dropped_ = false;                         ///< what restarts dropped is drawn too
  bool outliers_ = true;                         ///< the y axis has room for them
  std::optional<std::set<std::string>> chosen_;  ///< nullopt: the default plots
  PlotMenu menu_;

  std::uint64_t names_version_ = ~0ull;
  std::vector<const RunView*> named_for_;
  std::vector<std::string> names_;
  std::map<std::pair<std::string, std::string>, PlotSeries> series_;  ///< by run id and tag

  Limits x_{0, 1}, x_set_{0, 1};  ///< shared by all plots; what was set before the plots were drawn
  bool any_dropped_ = false;
  bool x_zoomed_ = false, one_step_ = false;  ///< one_step_: points that all have the same are drawn by it
  std::map<std::string, Limits> y_zoomed_;    ///< by plot, where a person has zoomed
  std::optional<double> crosshair_, next_crosshair_;
};

nlohmann::json CurvesPanel::state() const {
  nlohmann::json state = {{"smoothing", smoothing_},
                          {"x", kXAxes[static_cast<std::size_t>(axis_)]},
                          {"log_x", x_scale_ == XScale::logarithmic},
                          {"y", kYScales[static_cast<std::size_t>(y_scale_)]},
                          {"outliers", outliers_},
                          {"dropped", dropped_}};
  if (chosen_) state["plots"] = *chosen_;
  return state;
}

void CurvesPanel::restore(const nlohmann::json& state) {
  smoothing_ = std::clamp(state.value("smoothing", smoothing_), 0.0f, 0.99f);
  ablate::restore(state.value("x", ""), kXAxes, axis_);
  ablate::restore(state.value("y", ""), kYScales, y_scale_);
  outliers_ = state.value("outliers", outliers_);
  dropped_ = state.value("dropped", dropped_);
  x_scale_ = state.value("log_x", false) ? XScale::logarithmic : XScale::linear;
  if (state.contains("plots")) chosen_ = state.at("plots").get<std::set<std::string>>();
}

void CurvesPanel::draw(Workspace& workspace) {
  if (names_version_ != workspace.snapshot->version || named_for_ != workspace.shown) {
    names_version_ = workspace.snapshot->version;
    named_for_ = workspace.shown;
    names_ = plot_names(workspace.shown);
    any_dropped_ = std::ranges::any_of(workspace.shown,
                                       [](const RunView* run) { return run->data && !run->data->dropped.empty(); });
    std::erase_if(series_, [&](const auto& entry) { return !workspace.find(entry.first.first); });
  }
  if (names_.empty()) {
    if (workspace.snapshot->runs.empty())
      widgets::empty_panel("Curves of loss, IoU and learning rate",
                           "They appear here while runs train. Solid lines are validation in eval mode, dashed ones in "
                           "train mode.");
    else if (workspace.shown.empty())
      widgets::empty_panel("No run is shown", "Press a run's dot in Runs to show it.");
    else
      widgets::empty_panel(workspace.snapshot->complete ? "Nothing logged yet" : "reading …",
                           "The first points come a few seconds after a run has started.");
    return;
  }
  draw_controls();
  std::vector<Plot> plots = prepare(workspace);
  if (plots.empty()) {
    widgets::empty_panel("No plot chosen", "Choose some under Plots.");
    return;
  }
  draw_plots(plots);
}

void CurvesPanel::draw_controls() {
  ImGui::SetNextItemWidth(widgets::em(6.5f));
  ImGui::SliderFloat("smoothing", &smoothing_, 0, 0.99f, "%.2f");
  widgets::hint("TensorBoard's smoothing; the faint line behind is what was logged. Validation is never smoothed.");
  ImGui::SameLine(0, widgets::em(0.8f));
  if (choose("x", kXAxes, axis_, widgets::em(5.5f))) x_zoomed_ = false;
  ImGui::SameLine(0, widgets::em(0.8f));
  bool log_x = x_scale_ == XScale::logarithmic;
  if (ImGui::Checkbox("log x", &log_x)) {
    x_scale_ = log_x ? XScale::logarithmic : XScale::linear;
    x_zoomed_ = false;
  }
  widgets::same_line_or_wrap(widgets::em(6.5f));
  if (choose("y", kYScales, y_scale_, widgets::em(4.8f))) y_zoomed_.clear();
  widgets::same_line_or_wrap(widgets::em(5));
  if (ImGui::Checkbox("outliers", &outliers_)) y_zoomed_.clear();
  widgets::hint("Off: the y axis spans the 5th to the 95th percentile of what was logged; the rest is cut off.");
  if (any_dropped_) {
    widgets::same_line_or_wrap(widgets::em(5));
    ImGui::Checkbox("dropped", &dropped_);
    widgets::hint("Draws what was logged before a restart at the same steps, faintly.");
  }
  widgets::same_line_or_wrap(widgets::em(3));
  if (ImGui::Button("Plots")) ImGui::OpenPopup(PlotMenu::kPopup);
  widgets::hint("Choose what is plotted");
  menu_.draw(names_, chosen_);
  if (x_zoomed_ || !y_zoomed_.empty()) {
    ImGui::SameLine(0, widgets::em(0.4f));
    if (ImGui::Button("Fit")) {
      x_zoomed_ = false;
      y_zoomed_.clear();
    }
    widgets::hint("Show everything again; a double click in a plot does the same");
  }
  widgets::same_line_or_wrap(ImGui::CalcTextSize("solid: eval mode   dashed: train mode").x + widgets::em(0.8f));
  widgets::quiet_text("solid: eval mode   dashed: train mode");
  if (one_step_) widgets::quiet_text("All points have the same step: x can be their order, or their wall time.");
}

/// All of x. A logarithmic axis begins at the first step or point, or at a ten thousandth of the time.
Limits CurvesPanel::whole(const PlotSeries::Range& x) const {
  if (logarithmic_x()) {
    const double high = std::max(x.max, 2.0);
    return {axis_ == XAxis::relative_time ? std::max(high / 1e4, x.min) : std::max(1.0, x.min), high};
  }
  if (!(x.any && x.max > x.min)) return {x.min - 0.5, x.min + 0.5};
  return {axis_ == XAxis::wall_time ? x.min : std::min(0.0, x.min), x.max};
}

std::vector<Plot> CurvesPanel::prepare(const Workspace& workspace) {
  const std::set<std::string> chosen = chosen_ ? *chosen_ : default_plots(names_);
  std::vector<Plot> plots;
  PlotSeries::Range x;
  bool several = false;  // Points in a series.
  for (const std::string& name : names_) {
    if (!chosen.contains(name)) continue;
    Plot plot{name, {}, may_be_logarithmic(name) ? y_scale_ : YScale::linear};
    for (const RunView* run : workspace.shown) {
      for (const PlotLineTag& line : lines_of(*run, name)) {
        PlotSeries& series = series_[{run->info.id, line.tag}];
        series.update(run->data->scalars.at(line.tag), axis_, may_be_smoothed(line.tag) ? smoothing_ : 0);
        if (dropped_) add_dropped(*run, line, plot, x);
        if (series.empty()) continue;
        several |= series.size() > 1;
        x.add(series.x_range());
        plot.lines.push_back({run, &series, line.train_mode});
      }
    }
    plots.push_back(std::move(plot));
  }
  one_step_ = axis_ == XAxis::step && several && x.min == x.max;
  if (!x_zoomed_) x_ = whole(x);
  x_set_ = x_;
  return plots;
}

/// Not by the time since the first point, nor by order: they have others.
void CurvesPanel::add_dropped(const RunView& run, const PlotLineTag& line, Plot& plot, PlotSeries::Range& x) {
  const auto dropped = run.data->dropped.find(line.tag);
  if (dropped == run.data->dropped.end() || (axis_ != XAxis::step && axis_ != XAxis::wall_time)) return;
  for (std::size_t i = 0; i < dropped->second.size(); ++i) {
    PlotSeries& series = series_[{run.info.id, fmt::format("{}\n{}", line.tag, i)}];
    series.update(dropped->second[i], axis_, 0);
    if (series.empty()) continue;
    x.add(series.x_range());
    plot.lines.push_back({&run, &series, line.train_mode, true});
  }
}

void CurvesPanel::draw_plots(std::vector<Plot>& plots) {
  const ImVec2 space = ImGui::GetContentRegionAvail();
  const float gap = ImGui::GetStyle().ItemSpacing.x;
  const int count = static_cast<int>(plots.size());
  const int fitting = std::max(1, static_cast<int>(space.x / widgets::em(15)));
  int columns = std::min(count, fitting);
  if (count == 4 && columns == 3) columns = 2;
  const int rows = (count + columns - 1) / columns;
  const float width = (space.x - gap * static_cast<float>(columns - 1)) / static_cast<float>(columns);
  const float height =
      std::max(widgets::em(8), (space.y - gap * static_cast<float>(rows - 1)) / static_cast<float>(rows));
  if (!ImGui::BeginChild("plots", ImVec2(0, 0))) {
    ImGui::EndChild();
    return;
  }
  next_crosshair_.reset();
  for (int i = 0; i < count; ++i) {
    if (i % columns) ImGui::SameLine(0, gap);
    const float scrolled =
        rows * (height + gap) > space.y + gap + 1 ? ImGui::GetStyle().ScrollbarSize / static_cast<float>(columns) : 0;
    draw_plot(plots[static_cast<std::size_t>(i)], ImVec2(width - scrolled, height), i + columns >= count);
  }
  crosshair_ = next_crosshair_;
  if (x_ != x_set_) x_zoomed_ = true;
  ImGui::EndChild();
}

Limits CurvesPanel::y_limits(const Plot& plot) const {
  PlotSeries::Range range;
  for (const Line& line : plot.lines) range.add(outliers_ ? line.series->y_range() : line.series->usual_y_range());
  if (!range.any) return {0, 1};
  if (plot.scale == YScale::logarithmic && range.min_positive > 0) {
    const double low = range.min_positive, high = std::max(range.max, low * 1.1);
    const double margin = std::pow(high / low, 0.05);
    return {low / margin, high * margin};
  }
  if (is_share(plot.name) && range.min >= 0 && range.max <= 1) return {0, 1};
  const double margin =
      range.max > range.min ? 0.05 * (range.max - range.min) : std::max(1e-9, std::abs(range.max) * 0.1);
  return {range.min - margin, range.max + margin};
}

void CurvesPanel::draw_plot(Plot& plot, ImVec2 size, bool name_x) {
  const auto flags = ImPlotFlags_NoLegend | ImPlotFlags_NoMenus | ImPlotFlags_NoMouseText;
  PlotSeries::Range all;
  for (const Line& line : plot.lines) all.add(line.series->y_range());
  if (plot.scale == YScale::logarithmic && !(all.min_positive > 0)) plot.scale = YScale::linear;
  const auto zoomed = y_zoomed_.find(plot.name);
  Limits y = zoomed != y_zoomed_.end() ? zoomed->second : y_limits(plot);
  const Limits y_set = y;
  if (!ImPlot::BeginPlot(label_of(plot.name).c_str(), size, flags)) return;
  ImPlot::SetupAxis(ImAxis_X1, name_x ? kXAxes[static_cast<std::size_t>(axis_)] : nullptr, ImPlotAxisFlags_NoHighlight);
  ImPlot::SetupAxis(ImAxis_Y1, nullptr, ImPlotAxisFlags_NoHighlight);
  if (axis_ == XAxis::relative_time) ImPlot::SetupAxisFormat(ImAxis_X1, format_relative_time);
  if (axis_ == XAxis::wall_time) ImPlot::SetupAxisScale(ImAxis_X1, ImPlotScale_Time);
  if (logarithmic_x()) ImPlot::SetupAxisScale(ImAxis_X1, ImPlotScale_Log10);
  if (plot.scale == YScale::symmetric) ImPlot::SetupAxisScale(ImAxis_Y1, ImPlotScale_SymLog);
  if (plot.scale == YScale::logarithmic) {
    ImPlot::SetupAxisScale(ImAxis_Y1, ImPlotScale_Log10);
    setup_log_ticks(y.min, y.max, size.y - 3 * ImGui::GetTextLineHeight());
  }
  if (plot.scale == YScale::linear && all.any && all.min == all.max && zoomed == y_zoomed_.end())
    ImPlot::SetupAxisTicks(ImAxis_Y1, &all.min, 1);  // A constant's own value says all.
  ImPlot::SetupAxisLinks(ImAxis_X1, &x_.min, &x_.max);
  ImPlot::SetupAxisLinks(ImAxis_Y1, &y.min, &y.max);
  ImPlot::SetupFinish();
  draw_lines(plot);
  draw_crosshair(plot);
  const bool reset = ImPlot::IsPlotHovered() && ImGui::IsMouseDoubleClicked(0);
  ImPlot::EndPlot();
  if (y != y_set) y_zoomed_[plot.name] = y;
  if (reset) {
    x_zoomed_ = false;
    x_ = x_set_;
    y_zoomed_.erase(plot.name);
  }
}

void CurvesPanel::draw_lines(Plot& plot) {
  const int columns = std::max(16, static_cast<int>(ImPlot::GetPlotSize().x));
  const float pixels = std::max(1.5f, widgets::em(0.115f));
  for (const Line& line : plot.lines)
    if (smoothing_ > 0 && !line.dropped && may_be_smoothed(plot.name))
      draw_line(line.series->raw(x_.min, x_.max, columns, x_scale()), line.run->color, 0.22f, 1.0f, LineStyle::solid);
  for (const Line& line : plot.lines) {
    const auto style = line.train_mode ? LineStyle::dashed : LineStyle::solid;
    const float alpha = line.dropped ? 0.35f : line.train_mode ? 0.75f : 1.0f;
    draw_line(line.series->smoothed(x_.min, x_.max, columns, x_scale()), line.run->color, alpha,
              line.train_mode ? pixels * 0.8f : pixels, style);
  }
  for (const Line& line : plot.lines)
    draw_not_finite(line.series->raw(x_.min, x_.max, columns, x_scale()), line.run->color);
}

void CurvesPanel::draw_crosshair(const Plot& plot) {
  std::optional<double> x = crosshair_;
  if (ImPlot::IsPlotHovered()) {
    const double mouse = ImPlot::GetPlotMousePos().x;
    x.reset();
    for (const Line& line : plot.lines)
      if (const auto point = line.dropped ? std::nullopt : line.series->nearest(mouse);
          point && (!x || std::abs(point->x - mouse) < std::abs(*x - mouse)))
        x = point->x;
    next_crosshair_ = x;
  }
  if (!x) return;
  const float at = std::round(ImPlot::PlotToPixels(*x, 1).x);
  const ImVec2 corner = ImPlot::GetPlotPos(), size = ImPlot::GetPlotSize();
  if (at >= corner.x && at <= corner.x + size.x)
    ImPlot::GetPlotDrawList()->AddLine(ImVec2(at, corner.y), ImVec2(at, corner.y + size.y),
                                       widgets::packed(look::kQuiet, 0.6f));
  if (ImPlot::IsPlotHovered()) draw_values(plot, *x);
}

std::string CurvesPanel::x_words(double x) const {
  char text[64];
  switch (axis_) {
    case XAxis::step:
      return fmt::format("step {:g}", x);
    case XAxis::order:
      return fmt::format("point {:g}", x);
    case XAxis::relative_time:
      format_relative_time(x, text, sizeof text, nullptr);
      return text;
    case XAxis::wall_time:
      break;
  }
  const auto seconds = static_cast<std::time_t>(x);
  std::tm local{};
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", ::localtime_r(&seconds, &local));
  return text;
}

/// The nearest first.
void CurvesPanel::draw_values(const Plot& plot, double x) {
  struct Row {
    const RunView* run;
    std::optional<PlotSeries::Point> eval, train;
    std::size_t not_finite = 0;
    float away = INFINITY;  ///< pixels from the mouse
  };
  std::vector<Row> rows;
  bool two = false;
  for (const Line& line : plot.lines) {
    if (line.dropped) continue;
    auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& other) { return other.run == line.run; });
    if (row == rows.end()) row = rows.insert(rows.end(), Row{line.run, {}, {}});
    (line.train_mode ? row->train : row->eval) = line.series->nearest(x);
    two = two || line.train_mode;
    row->not_finite += line.series->not_finite().all();
    const double value = row->eval ? row->eval->raw : row->train->raw;
    if (std::isfinite(value)) row->away = std::abs(ImPlot::PlotToPixels(x, value).y - ImGui::GetMousePos().y);
  }
  std::ranges::stable_sort(rows, std::less(), &Row::away);
  if (!ImGui::BeginTooltip()) return;
  widgets::quiet_text(x_words(x));
  if (two) {
    ImGui::SameLine();
    widgets::quiet_text("  eval / train mode");
  }
  constexpr std::size_t kMost = 24;
  for (std::size_t i = 0; i < std::min(rows.size(), kMost); ++i) {
    const Row& row = rows[i];
    widgets::color_mark(row.run->color);
    ImGui::SameLine(0, widgets::em(0.2f));
    const auto words = [](const std::optional<PlotSeries::Point>& point) {
      return point ? widgets::short_number(point->raw) : std::string("–");
    };
    ImGui::TextUnformatted((two ? words(row.eval) + " / " + words(row.train) : words(row.eval)).c_str());
    ImGui::SameLine(widgets::em(two ? 7.5f : 4.6f));
    ImGui::TextUnformatted(row.run->info.name.c_str());
    const auto& point = row.eval ? row.eval : row.train;
    if (row.not_finite > 0) {
      ImGui::SameLine();
      widgets::wrong_text(fmt::format("{} NaN or infinite", row.not_finite));
    }
    if (point && axis_ == XAxis::step && std::abs(point->x - x) > 0.02 * (x_.max - x_.min)) {
      ImGui::SameLine();
      widgets::quiet_text(fmt::format("at {:g}", point->x));
    }
  }
  if (rows.size() > kMost) widgets::quiet_text(fmt::format("and {} more", rows.size() - kMost));
  ImGui::EndTooltip();
}

}  // namespace

std::unique_ptr<Panel> make_curves_panel() { return std::make_unique<CurvesPanel>(); }

}  // namespace ablate
