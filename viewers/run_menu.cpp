#include "viewers/run_menu.h"

#include <fmt/format.h>
#include <imgui.h>
#include <imgui_stdlib.h>

#include "runs/error.h"
#include "runs/text.h"
#include "viewers/builder_model.h"
#include "viewers/findings_panel.h"
#include "viewers/run_state.h"
#include "viewers/widgets.h"

namespace ablate {

void RunMenu::draw(Workspace& workspace, const RunView* run) {
  if (ImGui::MenuItem("Stop", nullptr, false, run && can_stop(*run))) workspace.actions->stop(*run);
  if (ImGui::MenuItem("Resume", nullptr, false, run && can_resume(*run))) workspace.actions->resume(*run);
  if (ImGui::BeginMenu("Learning rate", run && can_change_lr(*run))) {
    draw_lr(workspace, *run);
    ImGui::EndMenu();
  }
  if (ImGui::MenuItem("Examine", nullptr, false, run && can_be_examined(*run))) {
    workspace.actions->examine(*run);
    workspace.selected = run->info.id;
    workspace.selected_by_hand = true;
    workspace.raised = kFindingsPanel;
  }
  const bool waits = run && run->queue_place > 0;
  if (ImGui::MenuItem("Start before all others", nullptr, false, waits))
    workspace.actions->move_in_queue(*run, QueueEnd::first);
  if (ImGui::MenuItem("Start after all others", nullptr, false, waits))
    workspace.actions->move_in_queue(*run, QueueEnd::last);
}

void RunMenu::draw_lr(Workspace& workspace, const RunView& run) {
  if (run.data)
    if (const auto lr = run.data->scalars.find("lr"); lr != run.data->scalars.end() && !lr->second.empty())
      widgets::quiet_text(fmt::format("now {:.3g}; the schedule goes on in proportion", lr->second.back().value));
  for (const char* factor : {"0.1x", "0.5x", "2x"})
    if (ImGui::MenuItem(factor)) workspace.actions->change_lr(run, LrRequest::from_words(factor));
  if (ImGui::IsWindowAppearing()) typed_.clear();
  ImGui::SetNextItemWidth(widgets::em(9));
  if (!ImGui::InputTextWithHint("##rate", "a rate (1e-4) or 0.3x", &typed_, ImGuiInputTextFlags_EnterReturnsTrue))
    return;
  try {
    workspace.actions->change_lr(run, LrRequest::from_words(std::string(trimmed(typed_))));
  } catch (const Error& error) {
    workspace.error = error.what();
  }
  ImGui::CloseCurrentPopup();
}

}  // namespace ablate
