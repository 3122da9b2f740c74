#include <fmt/format.h>

#include <algorithm>

#include "viewers/sweep/drawing.h"
#include "viewers/sweep/timeline.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

/// Round times within [low, high], in seconds, no more than have room in `pixels`.
std::vector<double> time_ticks(double low, double high, float pixels) {
  const double least = (high - low) / std::max(1.0f, pixels / widgets::em(5));
  double every = 86400 * std::ceil(least / 86400);
  for (const double round : {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200})
    if (round >= least) {
      every = round;
      break;
    }
  std::vector<double> ticks;
  for (double tick = std::ceil(low / every) * every; tick <= high; tick += every) ticks.push_back(tick);
  return ticks;
}

class TimelineChart : public SweepChart {
 public:
  const char* name() const override { return "timeline"; }
  std::string empty(const SweepScene& scene) const override {
    const bool any = std::ranges::any_of(scene.study.trials, [](const Trial& t) { return t.started_seconds > 0; });
    return any ? "" : "What trained where, and when, will be bars here once the first trial has started.";
  }
  bool one_objective() const override { return false; }
  void draw(SweepScene& scene) override;

 private:
  void update(const SweepScene& scene);
  void draw_bar(SweepScene& scene, const Timeline::Bar& bar, NearestTrial* nearest) const;

  Timeline timeline_;
  std::uint64_t version_ = 0, snapshot_ = 0;
  std::vector<std::string> lane_names_;
  PlotLimits limits_;
};

void TimelineChart::update(const SweepScene& scene) {
  if (version_ == scene.version && snapshot_ == scene.workspace.snapshot->version) return;
  version_ = scene.version;
  snapshot_ = scene.workspace.snapshot->version;
  timeline_ = timeline_of(scene.study, scene.runs, scene.now);
  lane_names_.clear();
  for (const Timeline::Host& host : timeline_.hosts)
    for (int i = 0; i < host.lanes; ++i)
      lane_names_.push_back(host.name.empty() ? fmt::format("slot {}", i + 1) : fmt::format("{} {}", host.name, i + 1));
}

void TimelineChart::draw(SweepScene& scene) {
  update(scene);
  draw_legend({{LegendMark::box, kTrainingColor, "training"},
               {LegendMark::box, kTrialColor, "complete"},
               {LegendMark::box, {0.33f, 0.36f, 0.41f}, "pruned"},
               {LegendMark::box, look::kChip, "paused, stopped"},
               {LegendMark::box, look::kWrong, "failed"},
               {LegendMark::line, look::kText, "resumed"},
               {LegendMark::ring, look::kAccent, "the best"}});
  const ImVec2 space = ImGui::GetContentRegionAvail();
  const float wanted = widgets::em(2.4f) * static_cast<float>(timeline_.lanes) + widgets::em(4);
  if (!ImPlot::BeginPlot("##timeline", ImVec2(space.x, std::min(space.y, std::max(wanted, widgets::em(9)))),
                         kChartFlags))
    return;
  ImPlot::SetupAxes("h:mm:ss since the start", nullptr, ImPlotAxisFlags_NoHighlight,
                    ImPlotAxisFlags_NoHighlight | ImPlotAxisFlags_Invert | ImPlotAxisFlags_NoGridLines);
  const double length = std::max(1.0, timeline_.to - timeline_.from);
  std::vector<double> ticks;
  std::vector<const char*> labels;
  const auto room = static_cast<std::size_t>(std::max(2.0f, (space.y - widgets::em(4)) / widgets::em(1.2f)));
  const std::size_t every = (lane_names_.size() + room - 1) / room;
  for (std::size_t i = 0; i < lane_names_.size(); i += every) {
    ticks.push_back(static_cast<double>(i));
    labels.push_back(lane_names_[i].c_str());
  }
  ImPlot::SetupAxisTicks(ImAxis_Y1, ticks.data(), static_cast<int>(ticks.size()), labels.data());
  limits_.setup({-0.01 * length, 1.02 * length}, {-0.6, timeline_.lanes - 0.4});
  const std::vector<double> times = time_ticks(limits_.x().low, limits_.x().high, space.x - widgets::em(6));
  std::vector<std::string> words;
  std::vector<const char*> clock;
  for (const double seconds : times) words.push_back(widgets::clock(seconds));
  for (const std::string& word : words) clock.push_back(word.c_str());
  ImPlot::SetupAxisTicks(ImAxis_X1, times.data(), static_cast<int>(times.size()), clock.data());
  ImPlot::SetupFinish();
  const bool in_plot = mouse_in_plot();
  NearestTrial nearest;
  ImPlot::PushPlotClipRect();
  for (const Timeline::Bar& bar : timeline_.bars) draw_bar(scene, bar, in_plot ? &nearest : nullptr);
  ImPlot::PopPlotClipRect();
  limits_.end_plot();
  if (in_plot) point_at(scene, nearest.trial());
}

void TimelineChart::draw_bar(SweepScene& scene, const Timeline::Bar& bar, NearestTrial* nearest) const {
  ImDrawList& list = *ImPlot::GetPlotDrawList();
  const Trial& trial = scene.trial(bar.trial);
  const double end = bar.open ? std::max(bar.to, scene.now) : bar.to;
  const ImVec2 a = ImPlot::PlotToPixels(bar.from - timeline_.from, bar.lane - 0.36);
  ImVec2 b = ImPlot::PlotToPixels(end - timeline_.from, bar.lane + 0.36);
  const float apart = b.x - a.x > 3 ? 1.0f : 0.0f;  // Bars that follow each other don't run together.
  b.x = std::max(b.x - apart, a.x + 1.5f);
  const bool waits = bar.goes_on || (trial.state == TrialState::running && !bar.open);
  const Color color = waits ? look::kChip : state_color(trial);
  const float alpha = scene.is_kept(bar.trial) ? 1 : 0.2f;
  list.AddRectFilled(a, b, widgets::packed(color, alpha), widgets::em(0.12f));
  if (bar.resumed) list.AddLine(ImVec2(a.x, a.y), ImVec2(a.x, b.y), widgets::packed(look::kText, alpha), 2);
  if (scene.is_best(bar.trial)) list.AddRect(a, b, widgets::packed(look::kAccent), widgets::em(0.12f), 1.6f);
  if (scene.is_selected(bar.trial))
    list.AddRect(ImVec2(a.x - 1, a.y - 1), ImVec2(b.x + 1, b.y + 1), widgets::packed(look::kText), widgets::em(0.12f),
                 1.8f);
  const std::string words = std::to_string(bar.trial);
  const ImVec2 size = ImGui::CalcTextSize(words.c_str());
  if (size.x + widgets::em(0.4f) < b.x - a.x && size.y <= b.y - a.y)
    list.AddText(ImVec2((a.x + b.x - size.x) / 2, (a.y + b.y - size.y) / 2),
                 trial.state == TrialState::complete && !bar.goes_on ? widgets::packed(look::kWell)
                                                                     : widgets::packed(look::kText, 0.9f),
                 words.c_str());
  if (!nearest) return;
  const ImVec2 mouse = ImGui::GetMousePos();
  nearest->offer(bar.trial,
                 NearestTrial::square_to_mouse(ImVec2(std::clamp(mouse.x, a.x, b.x), std::clamp(mouse.y, a.y, b.y))));
}

}  // namespace

std::unique_ptr<SweepChart> make_timeline_chart() { return std::make_unique<TimelineChart>(); }

}  // namespace ablate
