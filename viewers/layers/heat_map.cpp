#include "viewers/layers/heat_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "viewers/colors.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

constexpr float kNames = 0.36f;     // Of a panel's width at most.
constexpr double kMostDecades = 5;  // Of a scale: what is smaller is as good as nothing.

/// The end of a name says most: "…down1.conv1".
std::string cut_from_the_left(const std::string& name, float width) {
  if (ImGui::CalcTextSize(name.c_str()).x <= width) return name;
  std::string end = name;
  while (end.size() > 1 && ImGui::CalcTextSize(("…" + end).c_str()).x > width) {
    end.erase(0, 1);
    while (end.size() > 1 && (end[0] & 0xC0) == 0x80) end.erase(0, 1);  // Not within a letter of several bytes.
  }
  return "…" + end;
}

ImU32 color_of(const HeatScale& scale, float position) {
  return ImGui::ColorConvertFloat4ToU32(ImPlot::SampleColormap(position, scale.colors));
}

}  // namespace

float HeatScale::position(double value) const {
  const double share =
      decades ? std::log(std::max(value, low) / low) / std::log(high / low) : (value - low) / (high - low);
  return static_cast<float>(std::clamp(share, 0.0, 1.0));
}

HeatScale scale_of(LayerQuantity::Scale kind, std::initializer_list<const StepTable*> tables) {
  double largest = 0, least = INFINITY;
  for (const StepTable* table : tables) {
    largest = std::max(largest, static_cast<double>(table->largest > 0 ? table->largest : table->peak));
    for (const float cell : table->cells)
      if (cell > 0) least = std::min(least, static_cast<double>(cell));
  }
  // Not less than half a sigma, so that a healthy run looks dark and not like a sick one.
  const double rounded = std::max(0.5, std::ceil(largest * 5) / 5);
  switch (kind) {
    case LayerQuantity::Scale::from_zero:
      return {0, rounded};
    case LayerQuantity::Scale::share:
      return {0, 1};
    case LayerQuantity::Scale::around_zero:
      return {-rounded, rounded, false, ImPlotColormap_RdBu};
    case LayerQuantity::Scale::decades:
      break;
  }
  if (!(least < largest)) return {0.1 * std::max(largest, 1e-30), std::max(largest, 1e-30) * 10, true};
  const double high = std::pow(10, std::ceil(std::log10(largest)));
  return {std::max(std::pow(10, std::floor(std::log10(least))), high * std::pow(10, -kMostDecades)), high, true};
}

std::optional<Cell> draw_heat_map(const char* id, const StepTable& table, ImVec2 size, const HeatScale& scale,
                                  float names_width) {
  const bool name_rows = names_width > 0;
  std::optional<Cell> hovered;
  const double rows = static_cast<double>(table.rows.size());
  const auto flags = ImPlotFlags_NoLegend | ImPlotFlags_NoMenus | ImPlotFlags_NoMouseText | ImPlotFlags_NoTitle |
                     ImPlotFlags_NoBoxSelect;
  if (!ImPlot::BeginPlot(id, size, flags)) return hovered;
  const auto none =
      ImPlotAxisFlags_NoHighlight | ImPlotAxisFlags_NoGridLines | ImPlotAxisFlags_NoTickMarks | ImPlotAxisFlags_Lock;
  ImPlot::SetupAxis(ImAxis_X1, "step", none);
  ImPlot::SetupAxis(ImAxis_Y1, nullptr, none | ImPlotAxisFlags_Invert | (name_rows ? 0 : ImPlotAxisFlags_NoTickLabels));
  ImPlot::SetupAxesLimits(table.first_step, table.last_step, 0, rows, ImPlotCond_Always);
  std::vector<double> places;
  std::vector<std::string> words;
  std::vector<const char*> names;
  const double every = std::max(1.0, std::ceil(rows * widgets::em(1.0f) / std::max(1.0f, size.y - widgets::em(4))));
  for (double row = 0; row < rows; row += every) {
    places.push_back(row + 0.5);
    words.push_back(cut_from_the_left(table.rows[static_cast<std::size_t>(row)], names_width));
  }
  for (const std::string& word : words) names.push_back(word.c_str());
  ImPlot::SetupAxisTicks(ImAxis_Y1, places.data(), static_cast<int>(places.size()), names.data());
  if (size.x - names_width < widgets::em(12)) ImPlot::SetupAxisTicks(ImAxis_X1, table.first_step, table.last_step, 2);
  ImPlot::SetupFinish();

  ImPlot::PushPlotClipRect();
  ImDrawList* const list = ImPlot::GetPlotDrawList();
  const ImVec2 corner = ImPlot::GetPlotPos(), area = ImPlot::GetPlotSize();
  const float width = area.x / static_cast<float>(table.columns), height = area.y / static_cast<float>(rows);
  // Of more rows than pixels each line shows the greatest of its rows, so that none is lost.
  const std::size_t count = table.rows.size();
  const std::size_t lines = std::min(count, static_cast<std::size_t>(std::max(1.0f, area.y)));
  for (std::size_t line = 0; line < lines; ++line) {
    const std::size_t first = line * count / lines, last = (line + 1) * count / lines;
    const float top = std::round(corner.y + area.y * static_cast<float>(line) / static_cast<float>(lines));
    const float bottom = std::round(corner.y + area.y * static_cast<float>(line + 1) / static_cast<float>(lines));
    for (int column = 0; column < table.columns; ++column) {
      float value = table.at(first, column);
      for (std::size_t row = first + 1; row < last; ++row)
        if (const float other = table.at(row, column); !(std::abs(other) <= std::abs(value))) value = other;
      const float left = std::round(corner.x + width * static_cast<float>(column));
      const float right = std::round(corner.x + width * static_cast<float>(column + 1));
      list->AddRectFilled(ImVec2(left, top), ImVec2(right, bottom),
                          std::isfinite(value) ? color_of(scale, scale.position(value)) : widgets::packed(look::kWell));
    }
  }
  if (ImPlot::IsPlotHovered()) {
    const ImVec2 mouse = ImGui::GetMousePos();
    Cell cell;
    cell.row = static_cast<std::size_t>(std::clamp((mouse.y - corner.y) / height, 0.0f, static_cast<float>(rows) - 1));
    cell.column = std::clamp(static_cast<int>((mouse.x - corner.x) / width), 0, table.columns - 1);
    hovered = cell;
    const float top = std::round(corner.y + height * static_cast<float>(cell.row));
    list->AddRect(ImVec2(corner.x, top), ImVec2(corner.x + area.x, top + height), widgets::packed({1, 1, 1}, 0.7f));
    ImGui::SetMouseCursor(ImGuiMouseCursor_Hand);
  }
  ImPlot::PopPlotClipRect();
  ImPlot::EndPlot();
  return hovered;
}

float heat_names_width(const StepTable& table, float width) {
  float names = 0;
  for (const std::string& row : table.rows) names = std::max(names, ImGui::CalcTextSize(row.c_str()).x);
  return std::min(names, kNames * width);
}

float heat_scale_width() { return widgets::em(3.6f); }

void draw_heat_scale(const HeatScale& scale, float height) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float half_line = ImGui::GetTextLineHeight() / 2, bar = widgets::em(0.7f);
  const float top = corner.y + half_line, length = std::max(1.0f, height - 2 * half_line);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  constexpr int kPieces = 32, kTicks = 5;
  for (int i = 0; i < kPieces; ++i) {
    const float from = static_cast<float>(i) / kPieces, to = static_cast<float>(i + 1) / kPieces;
    const ImU32 above = color_of(scale, 1 - from), below = color_of(scale, 1 - to);
    list.AddRectFilledMultiColor(ImVec2(corner.x, top + from * length),
                                 ImVec2(corner.x + bar, top + to * length + 0.5f), above, above, below, below);
  }
  const auto label = [&](float position, const std::string& words) {
    list.AddText(ImVec2(corner.x + bar + widgets::em(0.35f), top + (1 - position) * length - half_line),
                 widgets::packed(look::kQuiet), words.c_str());
  };
  if (scale.decades) {
    const int first = static_cast<int>(std::lround(std::log10(scale.low)));
    const int last = static_cast<int>(std::lround(std::log10(scale.high)));
    for (int power = first; power <= last; ++power)
      label(scale.position(std::pow(10, power)),
            power >= -1 && power <= 2 ? fmt::format("{:g}", std::pow(10, power)) : fmt::format("1e{}", power));
  } else {
    for (int i = 0; i < kTicks; ++i) {
      const float share = static_cast<float>(i) / (kTicks - 1);
      label(share, fmt::format("{:.2g}", scale.low + share * (scale.high - scale.low)));
    }
  }
  ImGui::Dummy(ImVec2(heat_scale_width(), height));
}

std::string step_words(const StepTable& table, const Cell& cell) {
  const double width = (table.last_step - table.first_step) / table.columns;
  return fmt::format("step {:.0f}", table.first_step + width * (cell.column + 1));
}

}  // namespace ablate
