#include "viewers/picture_cell.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "viewers/widgets.h"

namespace ablate {

void draw_picture(const ShownPicture* picture, ImVec2 size, const std::string& name) {
  if (!picture || !picture->problem.empty()) {
    ImGui::Dummy(size);
    return;
  }
  // Pictures of another shape are fitted into the cell, not stretched.
  const float scale =
      std::min(size.x / static_cast<float>(picture->width), size.y / static_cast<float>(picture->height));
  const ImVec2 drawn(std::round(static_cast<float>(picture->width) * scale),
                     std::round(static_cast<float>(picture->height) * scale));
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImGui::Dummy(size);
  const ImVec2 from(corner.x + std::round((size.x - drawn.x) / 2), corner.y + std::round((size.y - drawn.y) / 2));
  ImGui::GetWindowDrawList()->AddImage(picture->texture, from, ImVec2(from.x + drawn.x, from.y + drawn.y));
  if (!ImGui::IsItemHovered(ImGuiHoveredFlags_DelayNormal) || !ImGui::BeginTooltip()) return;
  const float larger = std::min(widgets::em(26) / drawn.y, std::max(2.2f, widgets::em(16) / drawn.y));
  ImGui::Image(picture->texture, ImVec2(drawn.x * larger, drawn.y * larger));
  ImGui::TextUnformatted(name.c_str());
  if (picture->iou) widgets::quiet_text(fmt::format("IoU {:.3f}", *picture->iou));
  ImGui::EndTooltip();
}

}  // namespace ablate
