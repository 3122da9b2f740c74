#include "viewers/curves_panel.h"

#include <fmt/format.h>
#include <imgui.h>
#include <implot.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <optional>

#include "viewers/curves/difference.h"
#include "viewers/curves/plot.h"
#include "viewers/curves/run_groups.h"
#include "viewers/curves/save_popup.h"
#include "viewers/curves/x_axis.h"
#include "viewers/plot_choice.h"
#include "viewers/plot_menu.h"
#include "viewers/series_plot.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

constexpr std::array<const char*, 3> kSmoothings{"exponential", "Gaussian", "median"};
constexpr std::array<const char*, 3> kYScales{"linear", "log", "symlog"};
constexpr std::array<const char*, 3> kSpreadNames = std::to_array(kSpreads);

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
  void draw_controls(const Workspace& workspace);
  void draw_grouping();
  void draw_baseline(const Workspace& workspace);
  void draw_legend() const;
  Limits y_of(const Plot& plot) const;
  void name_plots(const std::vector<const RunView*>& shown);
  std::set<std::string> usual_plots(const std::vector<std::string>& names) const;
  std::vector<Plot> prepare(const Workspace& workspace);
  void add_dropped(const RunView& run, const PlotLineTag& line, Plot& plot, PlotSeries::Range& x);
  void draw_plots(std::vector<Plot>& plots);
  void draw_plot(Plot& plot, ImVec2 size, bool name_x);
  void draw_crosshair(const Plot& plot);
  /// Wall times have no scale.
  bool logarithmic_x() const { return x_scale_ == XScale::logarithmic && axis_ != XAxis::wall_time; }
  XScale x_scale() const { return logarithmic_x() ? XScale::logarithmic : XScale::linear; }
  XView x_view() const { return {x_, axis_, x_scale()}; }
  Limits whole(const PlotSeries::Range& x) const;
  void group(Plot& plot);
  /// Leaves out lines of which the baseline has none.
  void subtract_baseline(Plot& plot);

  SmoothingKind smoothing_kind_ = SmoothingKind::exponential;
  float smoothing_ = 0.6f;
  XAxis axis_ = XAxis::step;
  XScale x_scale_ = XScale::linear;
  YScale y_scale_ = YScale::logarithmic;
  bool dropped_ = false;                         ///< what restarts dropped is drawn too
  bool outliers_ = true;                         ///< the y axis has room for them
  std::string group_by_;                         ///< a key of group_keys(); empty: every run by itself
  Spread spread_ = Spread::min_max;              ///< of groups
  std::optional<std::set<std::string>> chosen_;  ///< nullopt: the default plots
  PlotMenu menu_;
  SavePopup save_;

  std::uint64_t names_version_ = ~0ull;
  std::vector<const RunView*> named_for_;
  std::vector<std::string> names_;
  std::map<std::string, std::map<std::string, std::vector<PlotLineTag>>> chart_lines_;  ///< by logged chart and run id
  std::map<std::pair<std::string, std::string>, PlotSeries> series_;                    ///< by run id and tag
  std::vector<std::string> group_keys_;
  std::vector<RunGroup> groups_;
  std::map<std::string, PlotRibbons> ribbons_;  ///< by plot
  std::map<std::string, BandSeries> bands_;     ///< by plot, group and mode
  std::string baseline_id_;                     ///< of the run that all are compared to; empty: none
  const RunView* baseline_ = nullptr;           ///< in this frame
  std::map<std::pair<std::string, std::string>, DifferenceSeries> differences_;  ///< as series_

  Limits x_{0, 1}, x_set_{0, 1};  ///< shared by all plots; what was set before the plots were drawn
  bool any_dropped_ = false;
  bool x_zoomed_ = false, one_step_ = false;  ///< one_step_: points that all have the same are drawn by it
  std::map<std::string, Limits> y_zoomed_;    ///< by plot, where a person has zoomed
  std::optional<double> crosshair_, next_crosshair_;
};

nlohmann::json CurvesPanel::state() const {
  nlohmann::json state = {{"smoothing", smoothing_},
                          {"smoothing_kind", kSmoothings[static_cast<std::size_t>(smoothing_kind_)]},
                          {"x", kXAxes[static_cast<std::size_t>(axis_)]},
                          {"log_x", x_scale_ == XScale::logarithmic},
                          {"y", kYScales[static_cast<std::size_t>(y_scale_)]},
                          {"outliers", outliers_},
                          {"dropped", dropped_},
                          {"group_by", group_by_},
                          {"baseline", baseline_id_},
                          {"spread", kSpreads[static_cast<std::size_t>(spread_)]}};
  if (chosen_) state["plots"] = *chosen_;
  return state;
}

void CurvesPanel::restore(const nlohmann::json& state) {
  smoothing_ = std::clamp(state.value("smoothing", smoothing_), 0.0f, 0.99f);
  ablate::restore(state.value("smoothing_kind", ""), kSmoothings, smoothing_kind_);
  ablate::restore(state.value("x", ""), kXAxes, axis_);
  ablate::restore(state.value("y", ""), kYScales, y_scale_);
  outliers_ = state.value("outliers", outliers_);
  dropped_ = state.value("dropped", dropped_);
  group_by_ = state.value("group_by", "");
  baseline_id_ = state.value("baseline", "");
  ablate::restore(state.value("spread", ""), kSpreadNames, spread_);
  x_scale_ = state.value("log_x", false) ? XScale::logarithmic : XScale::linear;
  if (state.contains("plots")) chosen_ = state.at("plots").get<std::set<std::string>>();
}

void CurvesPanel::draw(Workspace& workspace) {
  if (names_version_ != workspace.snapshot->version || named_for_ != workspace.shown) {
    names_version_ = workspace.snapshot->version;
    named_for_ = workspace.shown;
    name_plots(workspace.shown);
    any_dropped_ = std::ranges::any_of(workspace.shown,
                                       [](const RunView* run) { return run->data && !run->data->dropped.empty(); });
    const auto is_gone = [&](const auto& entry) { return !workspace.find(entry.first.first); };
    std::erase_if(series_, is_gone);
    std::erase_if(differences_, is_gone);
    group_keys_ = group_keys(workspace.shown);
    if (group_by_.empty() || std::ranges::find(group_keys_, group_by_) == group_keys_.end())
      groups_.clear();
    else
      groups_ = grouped(workspace.shown, group_by_);
    bands_.clear();
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
  baseline_ = workspace.find(baseline_id_);
  if (baseline_ && !workspace.is_shown(*baseline_)) baseline_ = nullptr;
  draw_controls(workspace);
  std::vector<Plot> plots = prepare(workspace);
  if (plots.empty()) {
    widgets::empty_panel("No plot chosen", "Choose some under Plots.");
    return;
  }
  save_.draw(workspace, plots, x_view(), [this](const Plot& plot) { return y_of(plot); });
  draw_legend();
  draw_plots(plots);
}

/// The charts that logs ask for come first.
void CurvesPanel::name_plots(const std::vector<const RunView*>& shown) {
  names_.clear();
  chart_lines_.clear();
  for (const LoggedChart& chart : logged_charts(shown)) {
    names_.push_back(chart.name);
    for (const RunView* run : shown) chart_lines_[chart.name][run->info.id] = lines_of(*run, chart);
  }
  for (std::string& name : plot_names(shown))
    if (!chart_lines_.contains(name)) names_.push_back(std::move(name));
}

std::set<std::string> CurvesPanel::usual_plots(const std::vector<std::string>& names) const {
  std::set<std::string> usual = default_plots(names);
  for (const auto& [chart, lines] : chart_lines_) usual.insert(chart);
  return usual;
}

void CurvesPanel::draw_controls(const Workspace& workspace) {
  ImGui::SetNextItemWidth(widgets::em(6.5f));
  ImGui::SliderFloat("smoothing", &smoothing_, 0, 0.99f, "%.2f");
  widgets::hint("The faint line behind is what was logged. Validation is never smoothed.");
  ImGui::SameLine(0, widgets::em(0.4f));
  choose("##smoothing kind", kSmoothings, smoothing_kind_, widgets::em(7));
  widgets::hint(
      "exponential: TensorBoard's. Gaussian: a mean of both sides, which shifts nothing. median: a running one, with a "
      "band from the least to the greatest");
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
  draw_grouping();
  draw_baseline(workspace);
  widgets::same_line_or_wrap(widgets::em(3));
  if (ImGui::Button("Plots")) ImGui::OpenPopup(PlotMenu::kPopup);
  widgets::hint("Choose what is plotted");
  menu_.draw(names_, chosen_, [this](const auto& names) { return usual_plots(names); });
  widgets::same_line_or_wrap(widgets::em(3));
  if (ImGui::Button("Save")) ImGui::OpenPopup(SavePopup::kName);
  widgets::hint("Keep what is in sight: its points as CSV, or the plots as a picture, SVG or PNG");
  if (x_zoomed_ || !y_zoomed_.empty()) {
    ImGui::SameLine(0, widgets::em(0.4f));
    if (ImGui::Button("Fit")) {
      x_zoomed_ = false;
      y_zoomed_.clear();
    }
    widgets::hint("Show everything again; a double click in a plot does the same");
  }
  if (std::ranges::any_of(workspace.shown, [](const RunView* run) { return run->config != nullptr; })) {
    constexpr const char* kWords = "solid: eval mode   dashed: train mode";
    widgets::same_line_or_wrap(ImGui::CalcTextSize(kWords).x + widgets::em(0.8f));
    widgets::quiet_text(kWords);
  }
  if (std::ranges::any_of(workspace.shown, [&](const RunView* run) { return x_per_step(*run, axis_) == 0; }))
    widgets::quiet_text(axis_ == XAxis::epoch ? "Runs that don't say how long their epochs are, are left out."
                                              : "Runs that don't say how large their batches are, are left out.");
  if (one_step_) widgets::quiet_text("All points have the same step: x can be their order, or their wall time.");
}

void CurvesPanel::draw_grouping() {
  if (named_for_.size() < 2) return;
  widgets::same_line_or_wrap(widgets::em(10));
  if (widgets::choose_or_none("group", group_keys_, group_by_, widgets::em(6.5f))) names_version_ = ~0ull;
  widgets::hint("Runs that have the same of it become one line, their mean, with a band: how far they lie apart");
  if (groups_.empty()) return;
  widgets::same_line_or_wrap(widgets::em(7));
  choose("band", kSpreadNames, spread_, widgets::em(6));
}

void CurvesPanel::draw_baseline(const Workspace& workspace) {
  if (workspace.shown.size() < 2) return;
  widgets::same_line_or_wrap(widgets::em(10));
  ImGui::SetNextItemWidth(widgets::em(6.5f));
  if (ImGui::BeginCombo("baseline", baseline_ ? baseline_->info.name.c_str() : "none")) {
    if (ImGui::Selectable("none", !baseline_)) baseline_id_.clear();
    for (const RunView* run : workspace.shown) {
      widgets::color_mark(run->color);
      ImGui::SameLine(0, widgets::em(0.2f));
      const std::string label = run->info.name + "##" + run->info.id;
      if (ImGui::Selectable(label.c_str(), run == baseline_)) baseline_id_ = run->info.id;
    }
    ImGui::EndCombo();
    y_zoomed_.clear();
  }
  widgets::hint("Every line less that run's own at the same x: how much better or worse");
}

/// Whose colour is whose.
void CurvesPanel::draw_legend() const {
  constexpr std::size_t kMost = 12;
  for (std::size_t i = 0; i < std::min(groups_.size(), kMost); ++i) {
    const RunGroup& group = groups_[i];
    const std::string words = fmt::format("{} ({})", group.name, group.runs.size());
    if (i > 0) widgets::same_line_or_wrap(ImGui::CalcTextSize(words.c_str()).x + widgets::em(1.5f));
    widgets::color_mark(group.runs.front()->color);
    ImGui::SameLine(0, widgets::em(0.2f));
    ImGui::TextUnformatted(words.c_str());
  }
  if (groups_.size() > kMost) widgets::quiet_text(fmt::format("and {} more", groups_.size() - kMost));
}

/// As zoomed, or all of it.
Limits CurvesPanel::y_of(const Plot& plot) const {
  const auto zoomed = y_zoomed_.find(plot.name);
  return zoomed != y_zoomed_.end() ? zoomed->second : y_limits(plot, outliers_);
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
  const std::set<std::string> chosen = chosen_ ? *chosen_ : usual_plots(names_);
  std::vector<Plot> plots;
  PlotSeries::Range x;
  bool several = false;  // Points in a series.
  for (const std::string& name : names_) {
    if (!chosen.contains(name)) continue;
    Plot plot{name, {}, {}, may_be_logarithmic(name) ? y_scale_ : YScale::linear, baseline_ != nullptr};
    if (plot.difference && plot.scale == YScale::logarithmic) plot.scale = YScale::linear;
    const auto chart = chart_lines_.find(name);
    plot.of_tags = chart != chart_lines_.end();
    for (const RunView* run : workspace.shown) {
      for (const PlotLineTag& line : plot.of_tags ? chart->second[run->info.id] : lines_of(*run, name)) {
        const double per_step = x_per_step(*run, axis_);
        if (per_step == 0) continue;
        PlotSeries& series = series_[{run->info.id, line.tag}];
        series.update(run->data->scalars.at(line.tag), axis_,
                      may_be_smoothed(line.tag) ? Smoothing(smoothing_kind_, smoothing_) : Smoothing(), per_step);
        if (dropped_ && !baseline_) add_dropped(*run, line, plot, x);
        if (series.empty()) continue;
        several |= series.size() > 1;
        x.add(series.x_range());
        plot.lines.push_back({run, &series, line.train_mode, false, line.tag});
      }
    }
    if (baseline_) subtract_baseline(plot);
    group(plot);
    plot.ribbons = &ribbons_[name];
    plots.push_back(std::move(plot));
  }
  one_step_ = axis_ == XAxis::step && several && x.min == x.max;
  if (!x_zoomed_) x_ = whole(x);
  x_set_ = x_;
  return plots;
}

void CurvesPanel::subtract_baseline(Plot& plot) {
  std::map<std::string, const PlotSeries*> of_baseline;
  for (const PlotLine& line : plot.lines)
    if (line.run == baseline_) of_baseline[line.tag] = line.series;
  std::erase_if(plot.lines, [&](const PlotLine& line) { return !of_baseline.contains(line.tag); });
  for (PlotLine& line : plot.lines)
    line.series = &differences_[{line.run->info.id, line.tag}].update(*line.series, *of_baseline.at(line.tag));
}

void CurvesPanel::group(Plot& plot) {
  for (const RunGroup& each : groups_) {
    std::map<std::string, std::vector<const PlotLine*>> kinds;
    for (const PlotLine& line : plot.lines)
      if (!line.dropped && std::ranges::find(each.runs, line.run) != each.runs.end())
        kinds[plot.kind_of(line)].push_back(&line);
    for (const auto& [kind, lines] : kinds) {
      std::vector<PlotSeries*> members;
      for (const PlotLine* line : lines) members.push_back(line->series);
      BandSeries& band = bands_[fmt::format("{}\n{}\n{}", plot.name, each.name, kind)];
      band.update(members, spread_);
      plot.bands.push_back({plot.of_tags ? each.name + "  " + kind : each.name, kind, each.runs.front()->color,
                            members.size(), &band, lines.front()->train_mode});
    }
  }
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
    plot.lines.push_back({&run, &series, line.train_mode, true, line.tag});
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

void CurvesPanel::draw_plot(Plot& plot, ImVec2 size, bool name_x) {
  const auto flags = ImPlotFlags_NoLegend | ImPlotFlags_NoMenus | ImPlotFlags_NoMouseText;
  PlotSeries::Range all;
  for (const PlotSeries* series : plot.series()) all.add(series->y_range());
  if (plot.scale == YScale::logarithmic && !(all.min_positive > 0)) plot.scale = YScale::linear;
  const bool zoomed = y_zoomed_.contains(plot.name);
  Limits y = y_of(plot);
  const Limits y_set = y;
  const std::string title = label_of(plot.name) + (plot.difference ? ", less " + baseline_->info.name : "");
  if (!ImPlot::BeginPlot(title.c_str(), size, flags)) return;
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
  if (plot.scale == YScale::linear && all.any && all.min == all.max && !zoomed)
    ImPlot::SetupAxisTicks(ImAxis_Y1, &all.min, 1);  // A constant's own value says all.
  ImPlot::SetupAxisLinks(ImAxis_X1, &x_.min, &x_.max);
  ImPlot::SetupAxisLinks(ImAxis_Y1, &y.min, &y.max);
  ImPlot::SetupFinish();
  draw_lines(plot, x_view(), smoothing_ > 0 && !plot.difference && may_be_smoothed(plot.name));
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

void CurvesPanel::draw_crosshair(const Plot& plot) {
  std::optional<double> x = crosshair_;
  if (ImPlot::IsPlotHovered()) {
    const double mouse = ImPlot::GetPlotMousePos().x;
    x.reset();
    for (const PlotLine& line : plot.lines)
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
  if (ImPlot::IsPlotHovered()) draw_values(plot, x_view(), *x);
}

}  // namespace

std::unique_ptr<Panel> make_curves_panel() { return std::make_unique<CurvesPanel>(); }

}  // namespace ablate
