#include "viewers/run_dot.h"

#include <imgui.h>

#include <cstring>

#include "viewers/widgets.h"

namespace ablate {

void draw_run_dot(Workspace& workspace, const RunView& run) {
  const bool shown = workspace.is_shown(run);
  if (widgets::color_dot("show", run.color, shown)) workspace.show(run, !shown);
  if (ImGui::BeginDragDropSource()) {
    ImGui::SetDragDropPayload(IMGUI_PAYLOAD_TYPE_COLOR_3F, run.color.data(), sizeof run.color);
    widgets::color_mark(run.color);
    ImGui::SameLine(0, widgets::em(0.3f));
    widgets::quiet_text("onto the dot of the run that is to have this colour");
    ImGui::EndDragDropSource();
  }
  if (!ImGui::BeginDragDropTarget()) return;
  if (const ImGuiPayload* dragged = ImGui::AcceptDragDropPayload(IMGUI_PAYLOAD_TYPE_COLOR_3F)) {
    Color color;
    std::memcpy(color.data(), dragged->Data, sizeof color);
    workspace.actions->annotate(run, [color](RunMeta& meta) { meta.color = words_of_color(color); });
  }
  ImGui::EndDragDropTarget();
}

}  // namespace ablate
