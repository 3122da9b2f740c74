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
    workspace.select(*run);
    workspace.raised = kFindingsPanel;
  }
  const bool waits = run && run->queue_place > 0;
  if (ImGui::MenuItem("Start before all others", nullptr, false, waits))
    workspace.actions->move_in_queue(*run, QueueEnd::first);
  if (ImGui::MenuItem("Start after all others", nullptr, false, waits))
    workspace.actions->move_in_queue(*run, QueueEnd::last);
  ImGui::Separator();
  draw_marks(workspace, run);
}

void RunMenu::draw_marks(Workspace& workspace, const RunView* run) {
  const bool ours = run && run->info.run->is_object();  // Others' folders stay as they are.
  if (ImGui::BeginMenu("Name, tags, notes", run)) {
    notes_.draw(workspace, *run);
    ImGui::EndMenu();
  }
  if (ImGui::BeginMenu("Colour", run)) {
    draw_colors(workspace, *run);
    ImGui::EndMenu();
  }
  const bool pinned = run && run->info.meta.pinned, archived = run && run->info.meta.archived;
  if (ImGui::MenuItem(pinned ? "Unpin" : "Pin", nullptr, false, run))
    workspace.actions->annotate(*run, [pinned](RunMeta& meta) { meta.pinned = !pinned; });
  widgets::hint("Pinned runs stand before all others");
  if (ImGui::MenuItem(archived ? "Bring back from the archive" : "Archive", nullptr, false, run))
    workspace.actions->annotate(*run, [archived](RunMeta& meta) { meta.archived = !archived; });
  widgets::hint("Archived runs are kept, but neither listed nor drawn. Type \"archived\" into the filter to see them");
  if (ImGui::MenuItem("Remove", nullptr, false, ours && !can_stop(*run))) workspace.actions->remove(*run);
  widgets::hint("Into the bin, from which it can be brought back");
}

void RunMenu::draw_colors(Workspace& workspace, const RunView& run) {
  const auto take = [&](std::string color) {
    workspace.actions->annotate(run, [color = std::move(color)](RunMeta& meta) { meta.color = color; });
  };
  if (ImGui::IsWindowAppearing()) mixed_ = run.color;
  const std::vector<Color>& palette = run_palette();
  for (std::size_t i = 0; i < palette.size(); ++i) {
    if (i % 5 != 0) ImGui::SameLine();
    ImGui::PushID(static_cast<int>(i));
    if (ImGui::ColorButton("##of the palette", widgets::vector_of(palette[i]), ImGuiColorEditFlags_NoTooltip)) {
      take(words_of_color(palette[i]));
      ImGui::CloseCurrentPopup();
    }
    ImGui::PopID();
  }
  ImGui::SetNextItemWidth(widgets::em(9));
  ImGui::ColorPicker3("##mixed", mixed_.data(), ImGuiColorEditFlags_NoSidePreview | ImGuiColorEditFlags_NoInputs);
  if (ImGui::IsItemDeactivatedAfterEdit()) take(words_of_color(mixed_));
  if (!run.info.meta.color.empty() && ImGui::MenuItem("As given by itself")) take("");
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
