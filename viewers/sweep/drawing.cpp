#include "viewers/sweep/drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sweeps/trial_standing.h"
#include "viewers/run_metrics.h"
#include "viewers/sweep/trial_rows.h"
#include "viewers/widgets.h"

namespace ablate {

const RunView* SweepScene::shown_run(int number) const {
  const RunView* const its = run(number);
  return its && workspace.is_shown(*its) ? its : nullptr;
}

void SweepScene::select(int number) {
  selected = number;
  const RunView* const its = run(number);
  if (!its) return;
  workspace.select(*its);
  workspace.show(*its, true);
}

Color trial_color(const SweepScene& scene, int trial) {
  const RunView* const run = scene.shown_run(trial);
  return run ? run->color : kTrialColor;
}

Color state_color(const Trial& trial) {
  switch (trial.state) {
    case TrialState::running:
      return trial.paused() ? look::kChip : kTrainingColor;
    case TrialState::complete:
      return kTrialColor;
    case TrialState::fail:
      return look::kWrong;
    case TrialState::pruned:
    case TrialState::waiting:
      break;
  }
  return {0.33f, 0.36f, 0.41f};
}

Layer layer_of(const SweepScene& scene, int trial) {
  if (scene.is_selected(trial)) return Layer::selected;
  if (!scene.is_kept(trial)) return Layer::left_out;
  return scene.shown_run(trial) ? Layer::shown : Layer::usual;
}

void draw_trial(ImDrawList& list, const SweepScene& scene, int trial, ImVec2 at, const Color& color) {
  const float radius = widgets::em(0.22f);
  const float alpha = scene.is_kept(trial) ? 0.9f : 0.16f;
  if (scene.trial(trial).state == TrialState::pruned)
    list.AddCircle(at, radius - 0.5f, widgets::packed(color, 0.75f * alpha), 0, 1.3f);
  else
    list.AddCircleFilled(at, radius, widgets::packed(color, alpha));
  if (scene.is_best(trial)) list.AddCircle(at, radius + 2.5f, widgets::packed(look::kAccent), 0, 1.6f);
  if (scene.is_selected(trial)) list.AddCircle(at, radius + 4.5f, widgets::packed(look::kText), 0, 1.6f);
}

ImVec2 draw_trial_or_arrow(ImDrawList& list, const SweepScene& scene, int trial, ImVec2 at, const Color& color) {
  const float top = ImPlot::GetPlotPos().y, bottom = top + ImPlot::GetPlotSize().y, edge = widgets::em(0.35f);
  if (at.y >= top && at.y <= bottom) {
    draw_trial(list, scene, trial, at, color);
    return at;
  }
  const float up = at.y < top ? -1.0f : 1.0f;
  at.y = at.y < top ? top + edge : bottom - edge;
  list.AddTriangleFilled(ImVec2(at.x - edge * 0.7f, at.y), ImVec2(at.x + edge * 0.7f, at.y),
                         ImVec2(at.x, at.y + up * edge * 0.8f),
                         widgets::packed(color, scene.is_kept(trial) ? 0.8f : 0.16f));
  return at;
}

float NearestTrial::square_to_mouse(ImVec2 at) {
  const ImVec2 mouse = ImGui::GetMousePos();
  return (at.x - mouse.x) * (at.x - mouse.x) + (at.y - mouse.y) * (at.y - mouse.y);
}

void NearestTrial::offer(int trial, float square_distance) {
  if (square_distance >= square_) return;
  nearest_ = trial;
  square_ = square_distance;
}

std::optional<int> NearestTrial::trial() const {
  const float reach = widgets::em(0.7f);
  return square_ <= reach * reach ? std::optional(nearest_) : std::nullopt;
}

namespace {

void say_trial(const SweepScene& scene, int number) {
  const Trial& trial = scene.trial(number);
  if (!ImGui::BeginTooltip()) return;
  std::string words = fmt::format("trial {}   {}", number, standing_of(trial, status_of(scene.run(number))));
  if (scene.is_best(number)) words += scene.study.directions.size() > 1 ? ", of the front" : ", the best";
  ImGui::TextUnformatted(words.c_str());
  for (const StudyAxis& axis : scene.axes.objectives)
    if (axis.has(number))
      ImGui::TextUnformatted(fmt::format("{}  {}", axis.name, widgets::short_number(axis.of(number))).c_str());
  std::string parameters;
  for (const StudyAxis& axis : scene.axes.parameters)
    if (axis.has(number)) parameters += fmt::format("{}  {}\n", axis.name, axis.words(axis.of(number)));
  if (!parameters.empty()) parameters.pop_back();
  widgets::quiet_text(parameters);
  if (const double seconds = trained_seconds(trial, status_of(scene.run(number)), scene.now); std::isfinite(seconds))
    widgets::quiet_text(widgets::duration(seconds));
  if (const auto why = trial.user_attrs.find("error"); why != trial.user_attrs.end() && why->is_string()) {
    ImGui::PushTextWrapPos(widgets::em(30));
    widgets::wrong_text(why->get<std::string>());
    ImGui::PopTextWrapPos();
  }
  if (const RunView* const run = scene.run(number)) {
    widgets::color_mark(run->color);
    ImGui::SameLine(0, widgets::em(0.2f));
    ImGui::TextUnformatted(run->info.name.c_str());
    widgets::quiet_text("click to show its run in the other panels");
  }
  ImGui::EndTooltip();
}

}  // namespace

void point_at(SweepScene& scene, const std::optional<int>& trial) {
  if (!trial) return;
  say_trial(scene, *trial);
  const ImVec2 moved = ImGui::GetMouseDragDelta(0, 0);
  if (ImGui::IsMouseReleased(0) && std::hypot(moved.x, moved.y) < widgets::em(0.25f)) scene.select(*trial);
}

void draw_legend(std::initializer_list<LegendEntry> entries) {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float radius = widgets::em(0.22f), height = ImGui::GetTextLineHeight();
  bool first = true;
  for (const LegendEntry& entry : entries) {
    if (!first) widgets::same_line_or_wrap(widgets::em(2) + ImGui::CalcTextSize(entry.word).x);
    first = false;
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    const ImVec2 at(corner.x + widgets::em(0.5f), corner.y + height / 2 + 1);
    const ImU32 color = widgets::packed(entry.color);
    switch (entry.mark) {
      case LegendMark::dot:
        list.AddCircleFilled(at, radius, color);
        break;
      case LegendMark::ring:
        list.AddCircle(at, radius, color, 0, 1.4f);
        break;
      case LegendMark::cross:
        draw_cross(list, at, color);
        break;
      case LegendMark::line:
        list.AddLine(ImVec2(at.x - radius * 1.6f, at.y), ImVec2(at.x + radius * 1.6f, at.y), color, 2);
        break;
      case LegendMark::box:
        list.AddRectFilled(ImVec2(at.x - radius * 1.6f, at.y - radius), ImVec2(at.x + radius * 1.6f, at.y + radius),
                           color);
        break;
    }
    ImGui::Dummy(ImVec2(widgets::em(0.8f), height));
    ImGui::SameLine(0, widgets::em(0.3f));
    widgets::quiet_text(entry.word);
  }
}

void draw_cross(ImDrawList& list, ImVec2 at, ImU32 color) {
  const float half = widgets::em(0.2f);
  list.AddLine(ImVec2(at.x - half, at.y - half), ImVec2(at.x + half, at.y + half), color, 1.6f);
  list.AddLine(ImVec2(at.x - half, at.y + half), ImVec2(at.x + half, at.y - half), color, 1.6f);
}

bool mouse_in_plot() {
  const ImVec2 corner = ImPlot::GetPlotPos(), size = ImPlot::GetPlotSize();
  return ImGui::IsWindowHovered(ImGuiHoveredFlags_ChildWindows | ImGuiHoveredFlags_AllowWhenBlockedByActiveItem) &&
         ImGui::IsMouseHoveringRect(corner, ImVec2(corner.x + size.x, corner.y + size.y), false);
}

namespace {

void cut_to(std::string& words, float width) {
  if (ImGui::CalcTextSize(words.c_str()).x <= width) return;
  while (words.size() > 1 && ImGui::CalcTextSize((words + "…").c_str()).x > width) words.pop_back();
  words += "…";
}

}  // namespace

void setup_axis(ImAxis which, const StudyAxis& axis, float pixels, const char* label) {
  ImPlot::SetupAxis(which, label, ImPlotAxisFlags_NoHighlight);
  if (axis.log) ImPlot::SetupAxisScale(which, ImPlotScale_Log10);
  if (axis.choices.empty()) return;
  std::vector<double> ticks;
  std::vector<const char*> labels;
  // Of many categories as many names as there is room for, or as much of each.
  const float each = pixels / static_cast<float>(axis.choices.size());
  const float least = which == ImAxis_X1 ? widgets::em(2.2f) : ImGui::GetTextLineHeight();
  const auto every = static_cast<std::size_t>(std::ceil(std::max(1.0f, least / each)));
  std::vector<std::string> words;
  for (std::size_t i = 0; i < axis.choices.size(); i += every) {
    ticks.push_back(static_cast<double>(i));
    words.push_back(axis.choices[i]);
    if (which == ImAxis_X1) cut_to(words.back(), each * static_cast<float>(every) - widgets::em(0.5f));
  }
  for (const std::string& word : words) labels.push_back(word.c_str());
  ImPlot::SetupAxisTicks(which, ticks.data(), static_cast<int>(ticks.size()), labels.data());
}

void setup_decades(ImAxis which, const StudyAxis& axis, float pixels) {
  const int first = static_cast<int>(std::ceil(std::log10(axis.low) - 1e-9));
  const int last = static_cast<int>(std::floor(std::log10(axis.high) + 1e-9));
  if (!axis.log || last <= first) return;
  const int room = std::max(2, static_cast<int>(pixels / widgets::em(3)));
  const int every = (last - first + room) / room;
  std::vector<double> ticks;
  std::vector<std::string> words;
  std::vector<const char*> labels;
  for (int power = first; power <= last; power += every) {
    ticks.push_back(std::pow(10, power));
    words.push_back(power >= -2 && power <= 3 ? fmt::format("{:g}", ticks.back()) : fmt::format("1e{}", power));
  }
  for (const std::string& word : words) labels.push_back(word.c_str());
  ImPlot::SetupAxisTicks(which, ticks.data(), static_cast<int>(ticks.size()), labels.data());
}

std::string short_name(const StudyAxes& axes, const StudyAxis& axis) {
  const std::string word = option_word(axis.name);
  const auto same = [&](const StudyAxis& other) { return other.name != axis.name && option_word(other.name) == word; };
  const bool unique = axis.name.find('/') == std::string::npos && std::ranges::none_of(axes.parameters, same);
  return unique ? word : axis.name;
}

void PlotLimits::setup(Range x, Range y) {
  asked_x_ = x;
  asked_y_ = y;
  if (!moved_) {
    x_ = x;
    y_ = y;
  }
  ImPlot::SetupAxisLinks(ImAxis_X1, &x_.low, &x_.high);
  ImPlot::SetupAxisLinks(ImAxis_Y1, &y_.low, &y_.high);
}

void PlotLimits::end_plot() {
  const bool double_clicked = ImPlot::IsPlotHovered() && ImGui::IsMouseDoubleClicked(0);
  ImPlot::EndPlot();
  if (double_clicked) {
    moved_ = false;
    return;
  }
  moved_ = moved_ || x_.low != asked_x_.low || x_.high != asked_x_.high || y_.low != asked_y_.low ||
           y_.high != asked_y_.high;
}

double goodness(const Study& study, const StudyAxis& objective, std::size_t index, double value) {
  const double position = std::clamp(objective.position(value), 0.0, 1.0);
  return study.directions[index] == Direction::maximize ? position : 1 - position;
}

ImU32 goodness_color(double goodness, float alpha) {
  // The map's dark end would be lost on a dark plane.
  ImVec4 color = ImPlot::SampleColormap(static_cast<float>(0.12 + 0.88 * goodness), ImPlotColormap_Viridis);
  color.w = alpha;
  return ImGui::ColorConvertFloat4ToU32(color);
}

void draw_goodness_bar(ImDrawList& list, const SweepScene& scene, ImVec2 top_left, ImVec2 size) {
  const StudyAxis& objective = scene.objective_axis();
  constexpr int kPieces = 32;
  const auto color = [&](int piece) {
    const double position = 1 - static_cast<double>(piece) / kPieces;
    return goodness_color(goodness(scene.study, objective, scene.objective, objective.value(position)));
  };
  for (int i = 0; i < kPieces; ++i) {
    const float top = top_left.y + size.y * static_cast<float>(i) / kPieces;
    const ImU32 above = color(i), below = color(i + 1);
    list.AddRectFilledMultiColor(ImVec2(top_left.x, top), ImVec2(top_left.x + size.x, top + size.y / kPieces + 0.5f),
                                 above, above, below, below);
  }
}

void draw_goodness_scale(const SweepScene& scene, ImVec2 size) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float half_line = ImGui::GetTextLineHeight() / 2, bar = widgets::em(0.9f);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImVec2 top(corner.x, corner.y + half_line);
  const float height = size.y - 2 * half_line;
  draw_goodness_bar(list, scene, top, ImVec2(bar, height));
  constexpr int kTicks = 5;
  for (int i = 0; i < kTicks; ++i) {
    const float share = static_cast<float>(i) / (kTicks - 1);
    const std::string words = widgets::short_number(scene.objective_axis().value(1.0 - share));
    list.AddText(ImVec2(top.x + bar + widgets::em(0.4f), top.y + share * height - half_line),
                 widgets::packed(look::kQuiet), words.c_str());
  }
  ImGui::Dummy(size);
}

}  // namespace ablate
