#include "viewers/console_panel.h"

#include <fmt/format.h>
#include <imgui.h>

#include <algorithm>

#include "viewers/run_metrics.h"
#include "viewers/run_state.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

class ConsolePanel : public Panel {
 public:
  const char* title() const override { return "Console"; }
  Place place() const override { return Place::left_bottom; }
  void draw(Workspace& workspace) override;

 private:
  void draw_state(Workspace& workspace, const RunView& run);
  void draw_text(Workspace& workspace, const ConsoleTail& tail);

  std::shared_ptr<const ConsoleTail> tail_;
  std::vector<std::size_t> lines_;  ///< where each line of tail_ begins
};

void ConsolePanel::draw(Workspace& workspace) {
  const RunView* const run = workspace.selected_run();
  if (!run) {
    widgets::empty_panel("The selected run's own output", "Select a run to read what its training process prints.");
    return;
  }
  draw_state(workspace, *run);
  const auto& tail = workspace.snapshot->console;
  if (!tail || tail->run != run->info.id) {
    widgets::quiet_text("reading …");
    return;
  }
  if (tail->text.empty()) {
    widgets::quiet_paragraph(run->info.status.state == RunState::queued ? "Nothing printed yet." : "Nothing printed.");
    return;
  }
  draw_text(workspace, *tail);
}

void ConsolePanel::draw_state(Workspace& workspace, const RunView& run) {
  const RunStatus& status = run.info.status;
  widgets::color_mark(run.color);
  ImGui::SameLine(0, widgets::em(0.2f));
  ImGui::TextUnformatted(run.info.name.c_str());
  std::string words = state_words(run);
  if (status.state == RunState::running && status.total_steps > 0) {
    words += fmt::format("   step {} of {}", status.step, status.total_steps);
    if (const auto left = seconds_left(run)) words += ", " + widgets::duration(*left) + " left";
  }
  ImGui::SameLine(0, widgets::em(0.6f));
  if (is_bad(status.state))
    widgets::wrong_text(words);
  else
    widgets::quiet_text(words);
  if (!status.error.empty()) widgets::wrong_paragraph(status.error);
  if (const std::string why = why_it_waits(*workspace.snapshot, run); !why.empty()) widgets::quiet_paragraph(why);
  if (run.data) {
    constexpr std::size_t kMost = 3;
    const auto& problems = run.problems;
    for (std::size_t i = 0; i < std::min(problems.size(), kMost); ++i)
      widgets::wrong_paragraph(fmt::format("{}, byte {}: {}", problems[i].file, problems[i].offset, problems[i].what));
    if (problems.size() > kMost) widgets::wrong_text(fmt::format("and {} more such places", problems.size() - kMost));
  }
  ImGui::BeginDisabled(!can_stop(run));
  if (ImGui::Button("Stop")) workspace.actions->stop(run);
  widgets::hint("Ends after the current step, with a checkpoint: it can be resumed");
  ImGui::EndDisabled();
  ImGui::SameLine();
  ImGui::BeginDisabled(!can_resume(run));
  if (ImGui::Button("Resume")) workspace.actions->resume(run);
  widgets::hint("Goes on from its last checkpoint");
  ImGui::EndDisabled();
  ImGui::SameLine();
  const auto& tail = workspace.snapshot->console;
  ImGui::BeginDisabled(!tail || tail->text.empty());
  if (ImGui::Button("Copy")) ImGui::SetClipboardText(tail->text.c_str());
  widgets::hint("Copy the text below");
  ImGui::EndDisabled();
}

void ConsolePanel::draw_text(Workspace& workspace, const ConsoleTail& tail) {
  if (tail_.get() != &tail) {
    tail_ = workspace.snapshot->console;
    lines_.clear();
    for (std::size_t at = 0; at < tail.text.size(); at = tail.text.find('\n', at) + 1) {
      lines_.push_back(at);
      if (tail.text.find('\n', at) == std::string::npos) break;
    }
  }
  ImGui::PushStyleColor(ImGuiCol_ChildBg, widgets::vector_of(look::kWell));
  ImGui::BeginChild("text", ImVec2(0, 0), ImGuiChildFlags_AlwaysUseWindowPadding, ImGuiWindowFlags_HorizontalScrollbar);
  ImGui::PopStyleColor();
  ImGui::PushFont(workspace.mono, ImGui::GetStyle().FontSizeBase * 0.87f);
  const bool at_end = ImGui::GetScrollY() >= ImGui::GetScrollMaxY() - 1;
  if (tail.cut) widgets::quiet_text("… the beginning is in the run's console.log");
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(lines_.size()));
  while (clipper.Step())
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
      const std::size_t begin = lines_[static_cast<std::size_t>(i)];
      const std::size_t end = tail.text.find('\n', begin);
      const char* const text = tail.text.data();
      ImGui::TextUnformatted(text + begin, text + (end == std::string::npos ? tail.text.size() : end));
    }
  ImGui::PopFont();
  if (at_end) ImGui::SetScrollHereY(1);
  ImGui::EndChild();
}

}  // namespace

std::unique_ptr<Panel> make_console_panel() { return std::make_unique<ConsolePanel>(); }

}  // namespace ablate
