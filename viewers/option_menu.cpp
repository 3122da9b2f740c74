#include "viewers/option_menu.h"

#include <imgui.h>
#include <imgui_stdlib.h>

#include "viewers/widgets.h"

namespace ablate {

const Option* option_menu(const char* id, std::string& find_text, const std::function<bool(const Option&)>& offered) {
  ImGui::SetNextWindowSizeConstraints(ImVec2(widgets::em(20), 0), ImVec2(widgets::em(34), widgets::em(26)));
  if (!ImGui::BeginPopup(id)) return nullptr;
  if (ImGui::IsWindowAppearing()) {
    find_text.clear();
    ImGui::SetKeyboardFocusHere();
  }
  ImGui::SetNextItemWidth(-1);
  ImGui::InputTextWithHint("##find", "find an option", &find_text);
  const Option* chosen = nullptr;
  for (const Option& option : catalogue()) {
    if (!offered(option) ||
        (option.key.find(find_text) == std::string::npos && option.meaning.find(find_text) == std::string::npos))
      continue;
    if (ImGui::MenuItem(option.key.c_str())) chosen = &option;
    widgets::hint(option.meaning);
  }
  ImGui::EndPopup();
  return chosen;
}

}  // namespace ablate
