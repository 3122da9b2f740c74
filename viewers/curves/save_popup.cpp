#include "viewers/curves/save_popup.h"

#include <imgui.h>
#include <imgui_stdlib.h>

#include "viewers/curves/export.h"
#include "viewers/widgets.h"

namespace ablate {

void SavePopup::draw(Workspace& workspace, const std::vector<Plot>& plots, const XView& view,
                     const std::function<Limits(const Plot&)>& limits) {
  const ImVec2 corner = ImGui::GetWindowPos(), size = ImGui::GetWindowSize();
  if (!ImGui::BeginPopup(kName)) return;
  if (ImGui::IsWindowAppearing()) ImGui::SetKeyboardFocusHere();
  ImGui::SetNextItemWidth(widgets::em(16));
  ImGui::InputTextWithHint("##file", "name of a new file", &name_);
  widgets::hint("A path, or a name for a file in the folder of the runs");
  const auto asked = [&](const char* ending) {
    ImGui::SameLine();
    const bool pressed = ImGui::Button(ending);
    if (pressed) ImGui::CloseCurrentPopup();
    return pressed;
  };
  const auto file = [&](const std::string& ending) { return name_.ends_with(ending) ? name_ : name_ + ending; };
  ImGui::BeginDisabled(name_.empty());
  if (asked("CSV")) workspace.actions->save(file(".csv"), csv_of(plots, view));
  if (asked("SVG")) {
    std::vector<Limits> y;
    for (const Plot& plot : plots) y.push_back(limits(plot));
    workspace.actions->save(file(".svg"), svg_of(plots, view, y));
  }
  if (asked("PNG")) workspace.picture = WantedPicture{file(".png"), {corner.x, corner.y, size.x, size.y}};
  ImGui::EndDisabled();
  if (ImGui::Button("Copy as CSV")) {
    ImGui::SetClipboardText(csv_of(plots, view).c_str());
    ImGui::CloseCurrentPopup();
  }
  ImGui::EndPopup();
}

}  // namespace ablate
