#include "viewers/layers/blame_chart.h"

#include <fmt/format.h>
#include <imgui.h>

#include <algorithm>

#include "viewers/widgets.h"

namespace ablate {

std::optional<std::string> draw_blame(const std::vector<LayerBlame>& blame, double most, const Color& color) {
  std::optional<std::string> pressed;
  float names = 0;
  double least = 0;
  for (const LayerBlame& each : blame) {
    names = std::max(names, ImGui::CalcTextSize(each.layer.c_str()).x);
    least = std::min(least, each.gain);
  }
  const float room = ImGui::GetContentRegionAvail().x;
  names = std::min(names, 0.4f * room);
  const float left = names + widgets::em(0.6f), width = std::max(1.0f, room - left - widgets::em(3.2f));
  const double whole = std::max(most - least, 1e-9);
  const auto at = [&](double gain) { return left + static_cast<float>((gain - least) / whole) * width; };
  for (const LayerBlame& each : blame) {
    ImGui::PushID(each.layer.c_str());
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    const float line = ImGui::GetTextLineHeight();
    if (ImGui::Selectable("##layer", false)) pressed = each.layer;
    widgets::hint(
        fmt::format("{}: eval mode gains {:+.3f} when this layer alone uses the statistics of its batch. "
                    "Press for its channels.",
                    each.layer, each.gain));
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.PushClipRect(corner, ImVec2(corner.x + names, corner.y + line), true);
    list.AddText(corner, widgets::packed(look::kText), each.layer.c_str());
    list.PopClipRect();
    const float from = corner.x + at(std::min(0.0, each.gain)), to = corner.x + at(std::max(0.0, each.gain));
    list.AddRectFilled(ImVec2(from, corner.y + 0.15f * line), ImVec2(std::max(to, from + 1), corner.y + 0.85f * line),
                       widgets::packed(each.gain > 0 ? color : look::kQuiet, each.gain > 0 ? 0.85f : 0.5f), 2);
    list.AddText(ImVec2(corner.x + at(std::max(0.0, each.gain)) + widgets::em(0.3f), corner.y),
                 widgets::packed(look::kQuiet), fmt::format("{:+.3f}", each.gain).c_str());
    ImGui::PopID();
  }
  return pressed;
}

}  // namespace ablate
