#include "viewers/lr_panel.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <imgui.h>
#include <implot.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "viewers/lr_tests.h"
#include "viewers/series_plot.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

/// "1.2e-03" as people write it: "1.2e-3".
std::string rate_words(double lr) {
  std::string words = fmt::format("{:.1e}", lr);
  const std::size_t sign = words.find('e') + 1;
  if (words[sign] == '+') words.erase(sign, 1);
  const std::size_t digits = words.find_first_of("0123456789", sign);
  if (words[digits] == '0' && digits + 1 < words.size()) words.erase(digits, 1);
  return words;
}

class LrPanel : public Panel {
 public:
  const char* title() const override { return kLrPanel; }
  Place place() const override { return Place::centre_top; }
  void draw(Workspace& workspace) override;
  nlohmann::json state() const override { return {{"raw", raw_}, {"slope", slope_}}; }
  void restore(const nlohmann::json& state) override {
    raw_ = state.value("raw", raw_);
    slope_ = state.value("slope", slope_);
  }

 private:
  void draw_controls(bool recorded);
  void fit_x();
  void draw_losses(Workspace& workspace, const LrVariant& chosen, ImVec2 size);
  void draw_slopes(ImVec2 size);
  void draw_stop(const LrTest& test);
  void draw_suggestions(const LrVariant& chosen);
  void draw_table(Workspace& workspace, const LrVariant& chosen);
  void choose(Workspace& workspace, double lr);

  LrTests tests_;
  RangeSmoothing recorded_ = RangeSmoothing::fastai;  ///< of tests that others recorded
  std::string selected_;                              ///< run id or file, of the variant whose suggestions are drawn
  std::string selected_run_;                          ///< the workspace's, when that was last taken over
  bool raw_ = true, slope_ = true;
  double x_min_ = 1e-7, x_max_ = 10;
  bool zoomed_ = false;
  struct Click {
    double lr = 0, seconds = 0;
  };
  bool pressed_ = false;             ///< the mouse, within the plot
  std::optional<Click> clicked_;     ///< which a second click may yet make a double one
  std::optional<double> chosen_lr_;  ///< the one last put into the new experiment
};

/// The first point that is not finite, or else the last.
std::size_t end_of(const RangeCurve& curve) {
  const auto& points = curve.points();
  const auto bad = std::ranges::find_if(points, [](const RangePoint& point) { return !std::isfinite(point.smoothed); });
  return static_cast<std::size_t>(bad - points.begin()) - (bad == points.end() ? 1 : 0);
}

void LrPanel::choose(Workspace& workspace, double lr) {
  workspace.proposed_lr = lr;
  chosen_lr_ = lr;
}

/// The variant of the selected run; else the first.
const LrVariant& variant_of(const std::vector<LrVariant>& variants, const std::string& run) {
  for (const LrVariant& variant : variants)
    for (const LrTest* test : variant.tests)
      if (test->id == run) return variant;
  return variants.front();
}

/// What is doubtful about a variant's tests, each with its name where there are several.
std::vector<std::string> doubts_of(const LrVariant& variant) {
  std::vector<std::string> doubts;
  for (const LrTest* test : variant.tests)
    for (const std::string& doubt : test->found.doubts)
      doubts.push_back(variant.tests.size() > 1 ? test->name + ": " + doubt : doubt);
  return doubts;
}

void LrPanel::draw(Workspace& workspace) {
  tests_.update(workspace, recorded_);
  if (tests_.variants().empty()) {
    const bool hidden = std::ranges::any_of(workspace.snapshot->runs, [&](const auto& run) {
      return !workspace.is_shown(*run) && run->config && RangeTest::from(*run->config);
    });
    widgets::empty_panel(
        "Learning-rate range tests",
        hidden ? "There are some, and all are hidden: show them in the list of runs, by the dot before each name."
               : "Press find LR beside the learning rate in New experiment: each variant is trained for a "
                 "hundred steps while its learning rate rises, and where the loss falls fastest is shown here.");
    return;
  }
  if (workspace.selected != selected_run_) selected_ = selected_run_ = workspace.selected;
  const LrVariant& chosen = variant_of(tests_.variants(), selected_);
  draw_controls(!workspace.recorded.empty());
  // Of any variant, so that plots keep their size when another one is chosen.
  const bool doubtful =
      std::ranges::any_of(tests_.variants(), [](const LrVariant& variant) { return !doubts_of(variant).empty(); });
  const float rows = static_cast<float>(tests_.variants().size()) + 1;
  const float table = (std::min(rows, 7.0f) * 1.15f + (doubtful ? 1.1f : 0)) * ImGui::GetTextLineHeightWithSpacing();
  const ImVec2 space = ImGui::GetContentRegionAvail();
  const float plots = std::max(widgets::em(9), space.y - table);
  const float below = slope_ ? std::max(widgets::em(6.5f), plots * 0.3f) : 0;
  if (!zoomed_) fit_x();
  const double x_min = x_min_, x_max = x_max_;
  ImPlot::BeginAlignedPlots("##aligned");
  draw_losses(workspace, chosen, ImVec2(space.x, plots - below));
  if (slope_) draw_slopes(ImVec2(space.x, below - ImGui::GetStyle().ItemSpacing.y));
  ImPlot::EndAlignedPlots();
  if (x_min_ != x_min || x_max_ != x_max) zoomed_ = true;
  draw_table(workspace, chosen);
}

void LrPanel::draw_controls(bool recorded) {
  ImGui::Checkbox("single losses", &raw_);
  widgets::hint("The loss of each batch, faint behind the smoothed one");
  ImGui::SameLine(0, widgets::em(0.8f));
  ImGui::Checkbox("slope", &slope_);
  widgets::hint("How fast the smoothed loss falls, for each tenfold of the learning rate");
  if (recorded) {
    ImGui::SameLine(0, widgets::em(0.8f));
    ImGui::SetNextItemWidth(widgets::em(8));
    int smoothing = static_cast<int>(recorded_);
    if (ImGui::Combo("recorded", &smoothing, "fastai\0pytorch-lr-finder\0none\0"))
      recorded_ = static_cast<RangeSmoothing>(smoothing);
    widgets::hint("How the losses of recorded tests are smoothed; none: they were when they were recorded");
  }
  if (zoomed_) {
    ImGui::SameLine(0, widgets::em(0.8f));
    if (ImGui::Button("Fit")) zoomed_ = false;
    widgets::hint("Show everything again; a double click in a plot does the same");
  }
  const std::string words = chosen_lr_ ? fmt::format("New experiment: learning rate {}", rate_words(*chosen_lr_))
                                       : std::string("click the curve or a suggestion to use it");
  widgets::same_line_or_wrap(ImGui::CalcTextSize(words.c_str()).x + widgets::em(0.8f));
  widgets::quiet_text(words);
}

/// From the least loss to a little above where it fell from: what diverges leaves the plot at the top.
std::pair<double, double> loss_limits(const std::vector<LrVariant>& variants) {
  double least = INFINITY, highest = -INFINITY;
  for (const LrVariant& variant : variants) {
    for (const LrTest* test : variant.tests) {
      const std::vector<RangePoint>& points = test->curve.points();
      std::size_t lowest = 0;
      for (std::size_t i = 0; i < points.size(); ++i)
        if (points[i].smoothed < points[lowest].smoothed) lowest = i;
      for (std::size_t i = 0; i <= lowest && i < points.size(); ++i)
        for (const double loss : {points[i].smoothed, points[i].loss})
          if (std::isfinite(loss)) highest = std::max(highest, loss);
      for (const RangePoint& point : points)
        for (const double loss : {point.smoothed, point.loss})
          if (std::isfinite(loss)) least = std::min(least, loss);
    }
  }
  if (!(least <= highest) || !std::isfinite(highest - least)) return {0, 1};
  // Of a plateau what rounding leaves is no range.
  const bool flat = highest - least <= 1e-6 * std::abs(highest);
  const double range = flat ? std::max(1e-6, std::abs(highest) * 0.1) : highest - least;
  return {least - 0.12 * range, highest + 0.45 * range};
}

void line(const std::vector<double>& x, const std::vector<double>& y, const Color& color, float alpha, float pixels) {
  draw_line({x, y, {}}, color, alpha, pixels, LineStyle::solid);
}

/// From where tests begin to where they end, or would.
void LrPanel::fit_x() {
  x_min_ = INFINITY;
  x_max_ = 0;
  for (const LrVariant& variant : tests_.variants())
    for (const LrTest* test : variant.tests) {
      x_min_ = std::min(x_min_, test->test.start_lr);
      x_max_ = std::max(x_max_, test->over ? test->curve.points()[end_of(test->curve)].lr : test->test.end_lr);
    }
  x_max_ = std::max(x_max_, x_min_ * 10) * 1.3;
}

void LrPanel::draw_losses(Workspace& workspace, const LrVariant& chosen, ImVec2 size) {
  const auto flags = ImPlotFlags_NoLegend | ImPlotFlags_NoMenus | ImPlotFlags_NoMouseText | ImPlotFlags_NoTitle;
  if (!ImPlot::BeginPlot("##losses", size, flags)) return;
  const auto [low, high] = loss_limits(tests_.variants());
  ImPlot::SetupAxis(ImAxis_X1, slope_ ? nullptr : "learning rate",
                    ImPlotAxisFlags_NoHighlight | (slope_ ? ImPlotAxisFlags_NoTickLabels : 0));
  ImPlot::SetupAxis(ImAxis_Y1, "loss", ImPlotAxisFlags_NoHighlight);
  ImPlot::SetupAxisScale(ImAxis_X1, ImPlotScale_Log10);
  ImPlot::SetupAxisLinks(ImAxis_X1, &x_min_, &x_max_);
  ImPlot::SetupAxisLimits(ImAxis_Y1, low, high, zoomed_ ? ImPlotCond_Once : ImPlotCond_Always);
  ImPlot::SetupFinish();
  const float pixels = std::max(1.5f, widgets::em(0.115f));
  for (const LrVariant& variant : tests_.variants()) {
    const LrVariant::Band band = variant.band();
    if (band.lr.size() > 1) {
      ImPlotSpec spec;
      spec.FillColor = widgets::vector_of(variant.color, &variant == &chosen ? 0.28f : 0.06f);
      spec.Flags = ImPlotItemFlags_NoLegend | ImPlotItemFlags_NoFit;
      ImPlot::PushPlotClipRect();
      ImPlot::PlotShaded("##band", band.lr.data(), band.low.data(), band.high.data(), static_cast<int>(band.lr.size()),
                         spec);
      ImPlot::PopPlotClipRect();
      line(band.lr, band.mean, variant.color, 1, pixels);
    }
    for (const LrTest* test : variant.tests) {
      std::vector<double> lr, loss, smoothed;
      for (const RangePoint& point : test->curve.points()) {
        lr.push_back(point.lr);
        loss.push_back(point.loss);
        smoothed.push_back(point.smoothed);
      }
      if (raw_ && &variant == &chosen) line(lr, loss, variant.color, 0.25f, 1);
      const bool in_band = band.lr.size() > 1;
      line(lr, smoothed, variant.color, !in_band ? 1.0f : &variant == &chosen ? 0.45f : 0.15f, in_band ? 1.0f : pixels);
      draw_stop(*test);
    }
  }
  draw_suggestions(chosen);
  if (ImPlot::IsPlotHovered()) {
    const double lr = ImPlot::GetPlotMousePos().x;
    ImGui::SetTooltip("%s   click to use it", rate_words(lr).c_str());
    if (ImGui::IsMouseClicked(0)) pressed_ = true;
    const ImVec2 moved = ImGui::GetMouseDragDelta(0, 0);
    if (pressed_ && ImGui::IsMouseReleased(0) && std::hypot(moved.x, moved.y) < widgets::em(0.25f))
      clicked_ = Click{lr, ImGui::GetTime()};
    if (ImGui::IsMouseDoubleClicked(0)) {  // That was no choice.
      zoomed_ = pressed_ = false;
      clicked_.reset();
    }
  }
  if (ImGui::IsMouseReleased(0)) pressed_ = false;
  if (clicked_ && ImGui::GetTime() > clicked_->seconds + ImGui::GetIO().MouseDoubleClickTime) {
    choose(workspace, clicked_->lr);
    clicked_.reset();
  }
  ImPlot::EndPlot();
}

/// A cross where the test ended because of its loss.
void LrPanel::draw_stop(const LrTest& test) {
  if (!test.curve.over()) return;
  const auto& points = test.curve.points();
  const std::size_t end = end_of(test.curve);
  if (end == 0) return;
  const std::size_t last = std::isfinite(points[end].smoothed) ? end : end - 1;
  const ImPlotRect limits = ImPlot::GetPlotLimits();
  const float half = widgets::em(0.25f);
  // Where the curve leaves the plot, it is the edge that shows it.
  const double y = std::clamp(points[last].smoothed, limits.Y.Min, limits.Y.Max);
  ImVec2 at = ImPlot::PlotToPixels(points[end].lr, y);
  at.y = std::max(at.y, ImPlot::GetPlotPos().y + 1.5f * half);
  ImPlot::PushPlotClipRect();
  ImDrawList* const list = ImPlot::GetPlotDrawList();
  const ImU32 color = widgets::packed(look::kWrong);
  list->AddLine(ImVec2(at.x - half, at.y - half), ImVec2(at.x + half, at.y + half), color, 2);
  list->AddLine(ImVec2(at.x - half, at.y + half), ImVec2(at.x + half, at.y - half), color, 2);
  ImPlot::PopPlotClipRect();
  const ImVec2 mouse = ImGui::GetMousePos();
  if (std::hypot(mouse.x - at.x, mouse.y - at.y) < 2 * half)
    ImGui::SetTooltip("%s: ended here, %s", test.name.c_str(), test.curve.stopped().c_str());
}

/// A line for each rule, its name at the top; names that would overlap stand below each other.
void LrPanel::draw_suggestions(const LrVariant& chosen) {
  struct Mark {
    std::string rule;
    float x;
  };
  std::vector<Mark> marks;
  for (const std::string& rule : lr_rules())
    if (const double lr = chosen.median(rule); lr > 0) marks.push_back({rule, ImPlot::PlotToPixels(lr, 1).x});
  std::ranges::sort(marks, {}, &Mark::x);
  ImPlot::PushPlotClipRect();
  ImDrawList* const list = ImPlot::GetPlotDrawList();
  const ImVec2 corner = ImPlot::GetPlotPos(), size = ImPlot::GetPlotSize();
  const float height = ImGui::GetTextLineHeight();
  std::vector<std::pair<std::string, ImVec2>> names;
  std::vector<float> ends;  // by row, where its last name ends
  for (const Mark& mark : marks) {
    const float width = ImGui::CalcTextSize(mark.rule.c_str()).x;
    const bool to_the_left = mark.x + width + widgets::em(0.5f) > corner.x + size.x;
    const float left = to_the_left ? mark.x - width - widgets::em(0.25f) : mark.x + widgets::em(0.25f);
    std::size_t row = 0;
    while (row < ends.size() && ends[row] > left) ++row;
    if (row == ends.size()) ends.push_back(0);
    ends[row] = std::max(mark.x, left + width) + widgets::em(0.4f);
    list->AddLine(ImVec2(mark.x, corner.y), ImVec2(mark.x, corner.y + size.y), widgets::packed(look::kAccent, 0.75f),
                  1.5f);
    names.push_back({mark.rule, ImVec2(left, corner.y + widgets::em(0.2f) + static_cast<float>(row) * height)});
  }
  for (const auto& [name, at] : names) {  // Over the lines of all.
    list->AddRectFilled(at, ImVec2(at.x + ImGui::CalcTextSize(name.c_str()).x, at.y + height),
                        widgets::packed(look::kWell, 0.7f));
    list->AddText(at, widgets::packed(look::kText, 0.9f), name.c_str());
  }
  ImPlot::PopPlotClipRect();
}

void LrPanel::draw_slopes(ImVec2 size) {
  const auto flags = ImPlotFlags_NoLegend | ImPlotFlags_NoMenus | ImPlotFlags_NoMouseText | ImPlotFlags_NoTitle;
  if (!ImPlot::BeginPlot("##slopes", size, flags)) return;
  double steepest = 0;
  for (const LrVariant& variant : tests_.variants())
    for (const LrTest* test : variant.tests)
      for (std::size_t i = test->slope.size() / 10; i < test->slope.size(); ++i)  // As the rules: not how it starts.
        if (std::isfinite(test->slope[i])) steepest = std::min(steepest, test->slope[i]);
  if (steepest > -1e-9) steepest = -1;
  ImPlot::SetupAxis(ImAxis_X1, "learning rate", ImPlotAxisFlags_NoHighlight);
  ImPlot::SetupAxis(ImAxis_Y1, "slope", ImPlotAxisFlags_NoHighlight);
  ImPlot::SetupAxisScale(ImAxis_X1, ImPlotScale_Log10);
  ImPlot::SetupAxisLinks(ImAxis_X1, &x_min_, &x_max_);
  ImPlot::SetupAxisLimits(ImAxis_Y1, 1.15 * steepest, -0.8 * steepest, ImPlotCond_Always);
  ImPlot::SetupFinish();
  ImPlot::GetPlotDrawList()->AddLine(ImPlot::PlotToPixels(x_min_, 0), ImPlot::PlotToPixels(x_max_, 0),
                                     widgets::packed(look::kQuiet, 0.5f));
  for (const LrVariant& variant : tests_.variants())
    for (const LrTest* test : variant.tests) {
      std::vector<double> lr;
      for (std::size_t i = 0; i < test->slope.size(); ++i) lr.push_back(test->curve.points()[i].lr);
      line(lr, test->slope, variant.color, variant.tests.size() > 1 ? 0.6f : 1.0f, 1.5f);
    }
  ImPlot::EndPlot();
}

void LrPanel::draw_table(Workspace& workspace, const LrVariant& chosen) {
  const auto flags = ImGuiTableFlags_SizingStretchSame | ImGuiTableFlags_ScrollY | ImGuiTableFlags_PadOuterX;
  const std::vector<std::string> doubts = doubts_of(chosen);
  const float below = doubts.empty() ? 0 : 1.1f * ImGui::GetTextLineHeightWithSpacing();
  const float height = std::max(widgets::em(2.6f), ImGui::GetContentRegionAvail().y - below);
  if (ImGui::BeginTable("suggestions", static_cast<int>(lr_rules().size()) + 1, flags, ImVec2(0, height))) {
    ImGui::TableSetupScrollFreeze(1, 1);
    ImGui::TableSetupColumn("variant", 0, 1.6f);
    for (const std::string& rule : lr_rules()) ImGui::TableSetupColumn(rule.c_str());
    ImGui::TableHeadersRow();
    for (const LrVariant& variant : tests_.variants()) {
      ImGui::PushID(&variant);
      ImGui::TableNextColumn();
      widgets::color_mark(variant.color);
      ImGui::SameLine(0, widgets::em(0.2f));
      const std::string name =
          variant.tests.size() > 1 ? fmt::format("{} ({} seeds)", variant.name, variant.tests.size()) : variant.name;
      if (ImGui::Selectable(name.c_str(), &variant == &chosen)) {
        selected_ = variant.tests.front()->id;
        if (const RunView* const run = workspace.find(selected_)) workspace.select(*run);
      }
      for (const std::string& rule : lr_rules()) {
        ImGui::TableNextColumn();
        const std::vector<double> rates = variant.rates(rule);
        if (rates.empty()) {
          const bool over = std::ranges::all_of(variant.tests, &LrTest::over);
          widgets::quiet_text(over ? "can't tell" : "…");
          if (!over) widgets::hint("Suggestions come when a test has come to its end");
          for (const LrSuggestion& each : variant.tests.front()->found.rules)
            if (over && each.rule == rule) widgets::hint(each.why);
          continue;
        }
        std::string words = rate_words(variant.median(rule));
        if (rates.size() > 1 && rates.front() != rates.back())
          words += fmt::format("   ×{:.1f}", rates.back() / rates.front());
        if (ImGui::Selectable(fmt::format("{}###use {}", words, rule).c_str(), false))
          choose(workspace, variant.median(rule));
        std::string each;
        for (const double rate : rates) each += (each.empty() ? "" : ", ") + rate_words(rate);
        widgets::hint(rates.size() > 1 ? fmt::format("{} of {} tests: {}; the median is used. Click to use it.",
                                                     rates.size(), variant.tests.size(), each)
                                       : fmt::format("{}: click to use it", each));
      }
      ImGui::PopID();
    }
    ImGui::EndTable();
  }
  if (doubts.empty()) return;
  const std::string more = doubts.size() > 1 ? fmt::format("   and {} more", doubts.size() - 1) : "";
  const float room = ImGui::GetContentRegionAvail().x - ImGui::CalcTextSize(more.c_str()).x;
  ImGui::PushStyleColor(ImGuiCol_Text, widgets::vector_of(look::kQuiet));
  widgets::fitted_text(doubts.front(), room);
  ImGui::PopStyleColor();
  if (doubts.size() == 1) return;
  ImGui::SameLine(0, 0);
  widgets::quiet_text(more);
  widgets::hint(fmt::format("{}", fmt::join(doubts, "\n")));
}

}  // namespace

std::unique_ptr<Panel> make_lr_panel() { return std::make_unique<LrPanel>(); }

}  // namespace ablate
