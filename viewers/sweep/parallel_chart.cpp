#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "viewers/sweep/drawing.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

/// On a ground of its own, so that it can be read over lines.
void draw_label(ImDrawList& list, ImVec2 at, const std::string& words, const Color& color) {
  const ImVec2 size = ImGui::CalcTextSize(words.c_str());
  list.AddRectFilled(ImVec2(at.x - 1, at.y), ImVec2(at.x + size.x + 1, at.y + size.y),
                     widgets::packed(look::kPanel, 0.75f));
  list.AddText(at, widgets::packed(color, 0.9f), words.c_str());
}

/// Every trial as a line through an axis for each parameter and objective; a drag along an axis marks a range of it.
class ParallelChart : public SweepChart {
 public:
  const char* name() const override { return "parallel coordinates"; }
  std::string empty(const SweepScene& scene) const override {
    return scene.axes.parameters.empty() ? "Each trial will be a line here, through an axis for each parameter." : "";
  }
  void draw(SweepScene& scene) override;

 private:
  struct Column {
    const StudyAxis* axis;
    std::string name;
    float x;
  };
  void lay_out(const SweepScene& scene, ImVec2 corner, ImVec2 size);
  void order_trials(const SweepScene& scene);
  float y_of(const StudyAxis& axis, int trial) const;
  float y_at(double position) const;
  /// How far past the end of an axis a line goes whose value lies beyond it, in positions.
  double beyond() const { return widgets::em(0.35f) / (bottom_ - top_); }
  double position_at(float y) const;
  void draw_lines(const SweepScene& scene, ImDrawList& list, NearestTrial* nearest);
  void mark(SweepScene& scene, const StudyAxis& axis);
  void draw_axis(SweepScene& scene, ImDrawList& list, std::size_t index);
  void draw_name(const Column& column, std::size_t index) const;
  void draw_beyond(const StudyAxis& axis, ImDrawList& list, float x) const;
  void draw_ticks(const StudyAxis& axis, ImDrawList& list, float x, bool to_the_left) const;

  std::vector<Column> columns_;
  bool absent_ = false;  ///< some trial lacks some parameter
  float top_ = 0, bottom_ = 0;
  std::vector<int> order_;  ///< trials, the worst first
  std::uint64_t version_ = 0;
  std::size_t objective_ = 0;
  std::string marking_;  ///< the axis that is being dragged along
  double marked_from_ = 0;
  std::vector<ImVec2> line_;
};

float ParallelChart::y_at(double position) const { return bottom_ - static_cast<float>(position) * (bottom_ - top_); }

double ParallelChart::position_at(float y) const { return (bottom_ - y) / (bottom_ - top_); }

float ParallelChart::y_of(const StudyAxis& axis, int trial) const {
  return y_at(axis.has(trial) ? std::clamp(axis.position(axis.of(trial)), -beyond(), 1 + beyond()) : kAbsentPosition);
}

void ParallelChart::lay_out(const SweepScene& scene, ImVec2 corner, ImVec2 size) {
  columns_.clear();
  for (const StudyAxis& axis : scene.axes.parameters) columns_.push_back({&axis, short_name(scene.axes, axis), 0});
  for (const StudyAxis& axis : scene.axes.objectives) columns_.push_back({&axis, axis.name, 0});
  const std::size_t trials = scene.study.trials.size();
  absent_ = std::ranges::any_of(columns_, [&](const Column& c) { return c.axis->count < trials; });
  top_ = corner.y + 2 * ImGui::GetTextLineHeight() + widgets::em(0.6f);
  const float below = widgets::em(0.7f);
  const float height = corner.y + size.y - below - top_;
  bottom_ = top_ + height / static_cast<float>(absent_ ? 1 - kAbsentPosition : 1);
  const float left = corner.x + widgets::em(3.5f), right = corner.x + size.x - widgets::em(4.8f);
  const float between = columns_.size() > 1 ? (right - left) / static_cast<float>(columns_.size() - 1) : 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) columns_[i].x = left + between * static_cast<float>(i);
}

void ParallelChart::order_trials(const SweepScene& scene) {
  if (version_ == scene.version && objective_ == scene.objective) return;
  version_ = scene.version;
  objective_ = scene.objective;
  order_.clear();
  for (const Trial& trial : scene.study.trials) order_.push_back(trial.number);
  const StudyAxis& objective = scene.objective_axis();
  const auto rank = [&](int trial) {
    if (scene.trial(trial).state != TrialState::complete || !objective.has(trial)) return -1.0;
    return goodness(scene.study, objective, objective_, objective.of(trial));
  };
  std::ranges::stable_sort(order_, {}, rank);
}

void ParallelChart::draw(SweepScene& scene) {
  if (scene.brushes.empty()) {
    widgets::quiet_text("drag along an axis to keep the trials that pass there");
  } else {
    const auto kept = std::ranges::count(scene.kept, 1);
    widgets::quiet_text(fmt::format("{} of {} trials kept, here and in every other view", kept, scene.kept.size()));
    ImGui::SameLine();
    if (ImGui::SmallButton("keep all")) scene.brushes.clear();
  }
  const ImVec2 corner = ImGui::GetCursorScreenPos(), size = ImGui::GetContentRegionAvail();
  if (size.x < widgets::em(8) || size.y < widgets::em(8)) return;
  lay_out(scene, corner, size);
  order_trials(scene);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const bool over =
      ImGui::IsWindowHovered() && ImGui::IsMouseHoveringRect(corner, ImVec2(corner.x + size.x, corner.y + size.y));
  NearestTrial nearest;
  draw_lines(scene, list, over && marking_.empty() ? &nearest : nullptr);
  for (std::size_t i = 0; i < columns_.size(); ++i) draw_axis(scene, list, i);
  ImGui::SetCursorScreenPos(corner);
  ImGui::Dummy(size);
  if (!ImGui::IsAnyItemHovered() || ImGui::IsItemHovered()) point_at(scene, nearest.trial());
}

void ParallelChart::draw_lines(const SweepScene& scene, ImDrawList& list, NearestTrial* nearest) {
  const ImVec2 mouse = ImGui::GetMousePos();
  const StudyAxis& objective = scene.objective_axis();
  const float share = 60.0f / static_cast<float>(order_.size());
  const float many = std::clamp(share, 0.25f, 0.75f), faint = std::clamp(0.5f * share, 0.04f, 0.4f);
  for (const Layer layer : kLayers)
    for (const int trial : order_) {
      // A shown run keeps the colour of its objective here: only the selected one stands out.
      const Layer its = layer_of(scene, trial) == Layer::shown ? Layer::usual : layer_of(scene, trial);
      if (its != layer) continue;
      line_.clear();
      for (const Column& column : columns_) line_.emplace_back(column.x, y_of(*column.axis, trial));
      const bool complete = scene.trial(trial).state == TrialState::complete && objective.has(trial);
      ImU32 color = widgets::packed({0.36f, 0.39f, 0.45f}, faint);
      float weight = 1.0f;
      if (layer == Layer::left_out)
        color = widgets::packed(look::kLine, 0.35f);
      else if (layer == Layer::selected)
        color = widgets::packed(scene.run(trial) ? scene.run(trial)->color : look::kText), weight = 3;
      else if (complete)
        color = goodness_color(goodness(scene.study, objective, scene.objective, objective.of(trial)), many),
        weight = 1.4f;
      list.AddPolyline(line_.data(), static_cast<int>(line_.size()), color, weight);
      if (!nearest || layer == Layer::left_out) continue;
      for (std::size_t i = 1; i < line_.size(); ++i) {
        if (mouse.x < line_[i - 1].x || mouse.x > line_[i].x) continue;
        const ImVec2 along(line_[i].x - line_[i - 1].x, line_[i].y - line_[i - 1].y);
        const float away = (mouse.y - line_[i - 1].y) * along.x - (mouse.x - line_[i - 1].x) * along.y;
        nearest->offer(trial, away * away / (along.x * along.x + along.y * along.y));
      }
    }
}

/// How many lie beyond the ends of an axis, which spans what most complete trials came to.
void ParallelChart::draw_beyond(const StudyAxis& axis, ImDrawList& list, float x) const {
  const float line = ImGui::GetTextLineHeight(), half = widgets::em(0.22f);
  const auto say = [&](std::ptrdiff_t count, float end, float up, const char* where) {
    if (count == 0) return;
    const float y = end + up * widgets::em(0.35f);
    list.AddTriangleFilled(ImVec2(x - half, y - up * half), ImVec2(x + half, y - up * half), ImVec2(x, y + up * half),
                           widgets::packed(look::kQuiet));
    draw_label(list, ImVec2(x + widgets::em(0.3f), end - up * line - line / 2), fmt::format("{} {}", count, where),
               look::kQuiet);
  };
  say(std::ranges::count_if(axis.values, [&](double value) { return value < axis.low; }), y_at(0), 1, "lower");
  say(std::ranges::count_if(axis.values, [&](double value) { return value > axis.high; }), y_at(1), -1, "higher");
}

void ParallelChart::draw_ticks(const StudyAxis& axis, ImDrawList& list, float x, bool to_the_left) const {
  const float half_line = ImGui::GetTextLineHeight() / 2, gap = widgets::em(0.3f);
  float lowest = 1e9f;  // Where the label below may begin.
  const auto label = [&](double position, const std::string& words) {
    const float y = y_at(position);
    if (y + half_line > lowest) return;
    lowest = y - half_line;
    const float width = ImGui::CalcTextSize(words.c_str()).x;
    draw_label(list, ImVec2(to_the_left ? x - gap - width : x + gap, y - half_line), words, look::kText);
  };
  const auto tick = [&](double position) {
    list.AddLine(ImVec2(x - gap / 2, y_at(position)), ImVec2(x + gap / 2, y_at(position)),
                 widgets::packed(look::kQuiet));
  };
  if (!axis.choices.empty()) {
    for (std::size_t i = 0; i < axis.choices.size(); ++i) {
      const double position = axis.position(static_cast<double>(i));
      tick(position);
      label(position, axis.choices[i]);
    }
    return;
  }
  label(0, axis.words(axis.low));
  if (axis.log)
    for (double power = std::pow(10, std::ceil(std::log10(axis.low))); power <= axis.high; power *= 10) {
      tick(axis.position(power));
      if (y_at(axis.position(power)) - 2 * half_line > y_at(1)) label(axis.position(power), axis.words(power));
    }
  else
    for (const double share : {0.25, 0.5, 0.75}) tick(share);
  label(1, axis.words(axis.high));
}

/// The axis' own item has just been made.
void ParallelChart::mark(SweepScene& scene, const StudyAxis& axis) {
  const double mouse = position_at(ImGui::GetMousePos().y);
  if (ImGui::IsItemActivated()) {
    marking_ = axis.name;
    marked_from_ = position_at(ImGui::GetIO().MouseClickedPos[0].y);
  }
  if (marking_ == axis.name) {
    if (std::abs(y_at(mouse) - y_at(marked_from_)) > widgets::em(0.25f))
      scene.brushes.mark(axis, marked_from_, mouse);
    else
      scene.brushes.clear(axis.name);  // A click takes the mark away.
    if (ImGui::IsItemDeactivated()) marking_.clear();
  }
}

void ParallelChart::draw_axis(SweepScene& scene, ImDrawList& list, std::size_t index) {
  const Column& column = columns_[index];
  const StudyAxis& axis = *column.axis;
  const float x = column.x, half = widgets::em(0.75f);
  const float lowest = absent_ ? y_at(kAbsentPosition) : bottom_;
  const bool is_objective = &axis == &scene.objective_axis(), last = index + 1 == columns_.size();
  ImGui::SetCursorScreenPos(ImVec2(x - half, top_ - widgets::em(0.3f)));
  ImGui::InvisibleButton(axis.name.c_str(), ImVec2(2 * half, lowest - top_ + widgets::em(0.8f)));
  const bool hovered = ImGui::IsItemHovered();
  if (hovered || ImGui::IsItemActive()) ImGui::SetMouseCursor(ImGuiMouseCursor_ResizeNS);
  mark(scene, axis);
  list.AddLine(ImVec2(x, top_), ImVec2(x, bottom_), widgets::packed(look::kQuiet, hovered ? 1 : 0.7f), 1.5f);
  if (is_objective) draw_goodness_bar(list, scene, ImVec2(x - 2, top_), ImVec2(4, bottom_ - top_));
  draw_ticks(axis, list, x, !last && index == 0);
  draw_beyond(axis, list, x);
  if (axis.count < scene.study.trials.size()) {
    const float y = y_at(kAbsentPosition);
    list.AddCircleFilled(ImVec2(x, y), widgets::em(0.15f), widgets::packed(look::kQuiet));
    draw_label(list, ImVec2(x + widgets::em(0.3f), y - ImGui::GetTextLineHeight() / 2), "absent", look::kQuiet);
  }
  if (const Brushes::Range* const range = scene.brushes.find(axis.name)) {
    const auto [from, to] = Brushes::positions(axis, *range);
    const float reach = widgets::em(0.2f);
    const ImVec2 high(x - half * 0.6f, y_at(to) - reach), low(x + half * 0.6f, y_at(from) + reach);
    list.AddRectFilled(high, low, widgets::packed(look::kAccent, 0.28f), 2);
    list.AddRect(high, low, widgets::packed(look::kAccent, 0.9f), 2);
  }
  draw_name(column, index);
}

void ParallelChart::draw_name(const Column& column, std::size_t index) const {
  // Names stand on two levels, so that each has the room of two axes.
  const float between = columns_.size() > 1 ? columns_[1].x - columns_[0].x : widgets::em(12);
  const float room = 2 * between - widgets::em(0.8f), line = ImGui::GetTextLineHeight();
  const float width = std::min(room, ImGui::CalcTextSize(column.name.c_str()).x);
  float left = column.x - width / 2;
  const ImVec2 window = ImGui::GetWindowPos();
  left = std::clamp(left, window.x + widgets::em(0.5f), window.x + ImGui::GetWindowWidth() - width - widgets::em(0.5f));
  ImGui::SetCursorScreenPos(ImVec2(left, top_ - widgets::em(0.45f) - line * static_cast<float>(index % 2 + 1)));
  widgets::fitted_text(column.name, room);
  if (column.axis->name != column.name) widgets::hint(column.axis->name);
}

}  // namespace

std::unique_ptr<SweepChart> make_parallel_chart() { return std::make_unique<ParallelChart>(); }

}  // namespace ablate
