#include "viewers/plot_menu.h"

#include <fmt/format.h>
#include <imgui.h>
#include <imgui_stdlib.h>

#include <algorithm>

#include "viewers/tag_filter.h"
#include "viewers/widgets.h"

namespace ablate {

void PlotMenu::draw(const std::vector<std::string>& names, std::optional<std::set<std::string>>& chosen,
                    const Usual& usual) {
  ImGui::SetNextWindowSizeConstraints(ImVec2(widgets::em(16), 0), ImVec2(widgets::em(30), widgets::em(28)));
  if (!ImGui::BeginPopup(kPopup)) return;
  if (ImGui::IsWindowAppearing()) ImGui::SetKeyboardFocusHere();
  ImGui::SetNextItemWidth(-1);
  ImGui::InputTextWithHint("##find", "words of a tag, or an expression", &filter_);
  const TagFilter filter(filter_);
  if (!filter.problem().empty()) widgets::wrong_paragraph(filter.problem());
  std::vector<const std::string*> listed;
  for (const std::string& name : names)
    if (filter.matches(name)) listed.push_back(&name);
  const std::set<std::string> before = chosen ? *chosen : usual(names);
  const float rows = static_cast<float>(std::clamp<std::size_t>(listed.size(), 1, 18));
  if (ImGui::BeginChild("tags", ImVec2(widgets::em(20), rows * ImGui::GetFrameHeightWithSpacing()))) {
    ImGuiListClipper clipper;
    clipper.Begin(static_cast<int>(listed.size()));
    while (clipper.Step())
      for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
        const std::string& name = *listed[static_cast<std::size_t>(i)];
        bool on = before.contains(name);
        if (!ImGui::Checkbox(label_of(name).c_str(), &on)) continue;
        chosen = before;
        if (on)
          chosen->insert(name);
        else
          chosen->erase(name);
      }
  }
  ImGui::EndChild();
  ImGui::Separator();
  if (ImGui::Button("Usual ones")) chosen.reset();
  ImGui::SameLine();
  if (ImGui::Button("All listed")) {
    chosen = before;
    for (const std::string* name : listed) chosen->insert(*name);
  }
  ImGui::SameLine();
  if (ImGui::Button("None")) chosen.emplace();
  ImGui::SameLine();
  widgets::quiet_text(fmt::format("{} of {}", listed.size(), names.size()));
  ImGui::EndPopup();
}

std::string label_of(const std::string& name) {
  if (!name.empty() && name.find("##") == std::string::npos) return name;
  std::string shown = name.empty() ? "(no name)" : name;
  for (std::size_t at = 0; (at = shown.find("##", at)) != std::string::npos;) shown.replace(at, 2, "# #");
  return shown + "##" + name;
}

}  // namespace ablate
