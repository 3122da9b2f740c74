#include "viewers/runs_panel.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <imgui.h>
#include <imgui_stdlib.h>

#include <algorithm>

#include "viewers/run_dot.h"
#include "viewers/run_filter.h"
#include "viewers/run_menu.h"
#include "viewers/run_metrics.h"
#include "viewers/run_state.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

constexpr std::size_t kMostCompared = 64;  // Beyond that "differs in" says nothing to a person.

class RunsPanel : public Panel {
 public:
  const char* title() const override { return "Runs"; }
  Place place() const override { return Place::left_top; }
  void draw(Workspace& workspace) override;

 private:
  void draw_controls(Workspace& workspace);
  void find_listed(const Workspace& workspace);
  void draw_table(Workspace& workspace);
  void draw_row(Workspace& workspace, const RunView& run);
  static void draw_state(const Snapshot& snapshot, const RunView& run);
  void draw_menu(Workspace& workspace, const RunView& run);
  void draw_differences(const Workspace& workspace);

  RunMenu menu_;
  std::string filter_text_;
  RunFilter filter_{""};
  std::vector<const RunView*> listed_;  ///< of the snapshot with this version, newest experiment last
  std::uint64_t listed_version_ = ~0ull;
  std::string in_view_;  ///< the selected run that was scrolled to
  std::string differences_;
  std::vector<std::string> compared_;  ///< ids that differences_ was made of
};

/// "good, no flip", and below it the notes.
std::string said_of(const RunMeta& meta) {
  std::string words = fmt::format("{}", fmt::join(meta.tags, ", "));
  for (const auto& [name, value] : meta.figures)
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", name, widgets::short_number(value));
  if (!meta.notes.empty()) words += (words.empty() ? "" : "\n") + meta.notes;
  return words;
}

void show_only(Workspace& workspace, const std::vector<const RunView*>& wanted) {
  for (const auto& run : workspace.snapshot->runs) workspace.hidden.insert(run->info.id);
  for (const RunView* run : wanted) workspace.hidden.erase(run->info.id);
}

void RunsPanel::draw(Workspace& workspace) {
  const Snapshot& snapshot = *workspace.snapshot;
  if (!snapshot.problem.empty()) {
    widgets::wrong_paragraph(snapshot.problem);
    return;
  }
  if (snapshot.runs.empty()) {
    if (snapshot.loading)
      widgets::quiet_text("reading the folder …");
    else
      widgets::empty_panel(
          "No runs yet",
          "Each training run will be a line here. Choose what to vary under New experiment, then press "
          "Launch.");
    return;
  }
  draw_controls(workspace);
  find_listed(workspace);
  draw_table(workspace);
  draw_differences(workspace);
}

void RunsPanel::draw_controls(Workspace& workspace) {
  const float buttons = ImGui::CalcTextSize("all").x + ImGui::CalcTextSize("none").x + widgets::em(2.6f);
  ImGui::SetNextItemWidth(-buttons);
  if (ImGui::InputTextWithHint("##filter", "filter: words, norm=batch, regex", &filter_text_)) {
    filter_ = RunFilter(filter_text_);
    listed_version_ = ~0ull;
  }
  ImGui::SameLine();
  if (ImGui::Button("all"))
    for (const RunView* run : listed_) workspace.hidden.erase(run->info.id);
  widgets::hint("Show every run listed below");
  ImGui::SameLine();
  if (ImGui::Button("none"))
    for (const RunView* run : listed_) workspace.hidden.insert(run->info.id);
  widgets::hint("Hide every run listed below");
  if (!filter_.problem().empty()) widgets::wrong_paragraph(filter_.problem());
}

void RunsPanel::find_listed(const Workspace& workspace) {
  if (listed_version_ == workspace.snapshot->version) return;
  listed_version_ = workspace.snapshot->version;
  listed_.clear();
  for (const auto& run : workspace.snapshot->runs)
    if (filter_.matches(*run)) listed_.push_back(run.get());
  std::ranges::stable_partition(listed_, [](const RunView* run) { return run->info.meta.pinned; });
}

void RunsPanel::draw_table(Workspace& workspace) {
  if (listed_.empty()) {
    widgets::quiet_text("no run matches");
    return;
  }
  const float rows = static_cast<float>(listed_.size() + 1) * (ImGui::GetTextLineHeight() + widgets::em(0.47f));
  const float below = widgets::em(2.2f);
  const float height = std::min(rows + widgets::em(0.3f), ImGui::GetContentRegionAvail().y - below);
  const auto flags = ImGuiTableFlags_ScrollY | ImGuiTableFlags_SizingStretchProp | ImGuiTableFlags_BordersInnerH |
                     ImGuiTableFlags_NoBordersInBody | ImGuiTableFlags_PadOuterX;
  if (!ImGui::BeginTable("runs", 4, flags, ImVec2(0, std::max(height, widgets::em(4))))) return;
  ImGui::TableSetupScrollFreeze(0, 1);
  ImGui::TableSetupColumn("run", ImGuiTableColumnFlags_WidthStretch);
  ImGui::TableSetupColumn("state", ImGuiTableColumnFlags_WidthFixed, widgets::em(6.3f));
  ImGui::TableSetupColumn("eval", ImGuiTableColumnFlags_WidthFixed, widgets::em(2.6f));
  ImGui::TableSetupColumn("train", ImGuiTableColumnFlags_WidthFixed, widgets::em(2.6f));
  ImGui::TableNextRow(ImGuiTableRowFlags_Headers);
  for (int column = 0; column < 4; ++column) {
    static constexpr const char* kMeanings[] = {
        "Press a dot to hide or show its run, a line to select it; the right button for more. A dot that is dragged "
        "onto "
        "another gives that run its colour",
        "", "Validation with the running statistics of the norm layers, as in use",
        "Validation at the same weights with the statistics of each batch"};
    ImGui::TableSetColumnIndex(column);
    widgets::quiet_text(ImGui::TableGetColumnName(column));
    if (*kMeanings[column]) widgets::hint(kMeanings[column]);
  }
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(listed_.size()));
  if (in_view_ != workspace.selected) {  // Drawn wherever it is, so that it can be scrolled to.
    const auto at = std::ranges::find(listed_, workspace.selected, [](const RunView* run) { return run->info.id; });
    if (at != listed_.end()) clipper.IncludeItemByIndex(static_cast<int>(at - listed_.begin()));
  }
  while (clipper.Step())
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i)
      draw_row(workspace, *listed_[static_cast<std::size_t>(i)]);
  ImGui::EndTable();
}

void RunsPanel::draw_row(Workspace& workspace, const RunView& run) {
  ImGui::PushID(run.info.id.c_str());
  ImGui::TableNextRow(0, ImGui::GetTextLineHeight() + widgets::em(0.47f));
  ImGui::TableNextColumn();
  const bool shown = workspace.is_shown(run);
  const ImVec2 corner = ImGui::GetCursorPos();
  const float begin = corner.x + widgets::em(1.15f), room = ImGui::GetContentRegionAvail().x - widgets::em(1.15f);
  const std::vector<ReadProblem>& problems = run.problems;
  ImGui::SetCursorPosX(begin);
  ImGui::PushStyleColor(ImGuiCol_Text, IM_COL32_BLACK_TRANS);  // Its words are fitted into the column below.
  const bool pressed = ImGui::Selectable(run.info.name.c_str(), workspace.selected == run.info.id,
                                         ImGuiSelectableFlags_SpanAllColumns | ImGuiSelectableFlags_AllowOverlap);
  ImGui::PopStyleColor();
  if (pressed) workspace.select(run);
  if (in_view_ != workspace.selected && workspace.selected == run.info.id) {
    if (!ImGui::IsItemVisible()) ImGui::SetScrollHereY(0.5f);
    in_view_ = run.info.id;
  }
  if (ImGui::IsItemHovered() && ImGui::IsMouseDoubleClicked(0)) show_only(workspace, {&run});
  if (!problems.empty())
    widgets::hint(fmt::format("{} at byte {}: {}", problems[0].file, problems[0].offset, problems[0].what));
  else if (const std::string words = said_of(run.info.meta); !words.empty())
    widgets::hint(words);
  else if (run.data && !run.data->plugins.empty())
    widgets::hint("Also logged, and drawn nowhere: " + not_drawn(*run.data));
  draw_menu(workspace, run);
  ImGui::SetCursorPos(ImVec2(begin, corner.y));
  float used = 0;
  if (!problems.empty()) {
    widgets::wrong_text("!");
    used = widgets::em(0.5f);
    ImGui::SameLine(0, 0);
    ImGui::SetCursorPosX(begin + used);
  }
  if (!shown) ImGui::PushStyleColor(ImGuiCol_Text, widgets::vector_of(look::kQuiet));
  if (run.info.meta.pinned) ImGui::PushFont(workspace.bold, 0);
  widgets::fitted_text(run.info.name, room - used);
  if (run.info.meta.pinned) ImGui::PopFont();
  if (!shown) ImGui::PopStyleColor();
  ImGui::SetCursorPos(corner);
  draw_run_dot(workspace, run);

  ImGui::TableNextColumn();
  draw_state(*workspace.snapshot, run);
  const LastMetrics last = last_metrics(run);
  const auto number = [&](const std::optional<double>& value, bool wrong) {
    ImGui::TableNextColumn();
    if (!value)
      widgets::quiet_text("–");
    else if (wrong)
      widgets::wrong_text(widgets::short_number(*value));
    else
      ImGui::TextUnformatted(widgets::short_number(*value).c_str());
  };
  number(last.eval, last.suspicious() || (last.eval && *last.eval != *last.eval));
  if (last.suspicious())
    widgets::hint(
        fmt::format("Eval mode is {:.3f} worse than train mode at the same weights: the running statistics of "
                    "its norm layers don't fit. See Findings and Layers.",
                    *last.train - *last.eval));
  number(last.train, last.train && *last.train != *last.train);
  ImGui::PopID();
}

void RunsPanel::draw_state(const Snapshot& snapshot, const RunView& run) {
  const RunStatus& status = run.info.status;
  if (status.state == RunState::running && status.total_steps > 0) {
    const float share = static_cast<float>(status.step) / static_cast<float>(status.total_steps);
    const auto left = seconds_left(run);
    const std::string time = left ? widgets::duration(*left) : "";
    const float width = widgets::em(3.2f), height = widgets::em(0.62f);
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    const float top = corner.y + (ImGui::GetTextLineHeight() - height) / 2 + 1;
    ImDrawList* const list = ImGui::GetWindowDrawList();
    list->AddRectFilled(ImVec2(corner.x, top), ImVec2(corner.x + width, top + height), widgets::packed(look::kFrame),
                        height / 2);
    list->AddRectFilled(ImVec2(corner.x, top), ImVec2(corner.x + std::max(height, width * share), top + height),
                        widgets::packed(look::kAccent), height / 2);
    ImGui::Dummy(ImVec2(width, ImGui::GetTextLineHeight()));
    std::string hint = fmt::format("step {} of {}", status.step, status.total_steps);
    if (left) hint += ", " + time + " left";
    widgets::hint(hint);
    ImGui::SameLine(0, widgets::em(0.4f));
    widgets::quiet_text(left ? widgets::clock(*left) : "");
    return;
  }
  const std::string words = state_words(run);
  if (is_bad(status.state))
    widgets::wrong_text(words);
  else
    widgets::quiet_text(words);
  if (!ImGui::IsItemHovered(ImGuiHoveredFlags_ForTooltip)) return;
  const std::string why = status.error.empty() ? why_it_waits(snapshot, run) : status.error;
  if (!why.empty()) widgets::hint(why);
}

void RunsPanel::draw_menu(Workspace& workspace, const RunView& run) {
  if (!ImGui::BeginPopupContextItem("menu")) return;
  if (workspace.selected != run.info.id) workspace.select(run);
  widgets::quiet_text(run.info.id);
  ImGui::Separator();
  const bool shown = workspace.is_shown(run);
  if (ImGui::MenuItem(shown ? "Hide" : "Show", nullptr, false, !run.info.meta.archived)) workspace.show(run, !shown);
  if (ImGui::MenuItem("Show only this one")) show_only(workspace, {&run});
  if (!run.info.experiment.empty() && ImGui::MenuItem("Show only its experiment")) {
    std::vector<const RunView*> same;
    for (const auto& other : workspace.snapshot->runs)
      if (other->info.experiment == run.info.experiment) same.push_back(other.get());
    show_only(workspace, same);
  }
  ImGui::Separator();
  menu_.draw(workspace, &run);
  ImGui::Separator();
  if (ImGui::MenuItem("Copy the folder's path")) ImGui::SetClipboardText(run.info.folder.c_str());
  ImGui::EndPopup();
}

void RunsPanel::draw_differences(const Workspace& workspace) {
  std::vector<std::string> ids;
  for (const RunView* run : workspace.shown) ids.push_back(run->info.id);
  if (ids != compared_) {
    compared_ = ids;
    differences_.clear();
    if (workspace.shown.size() <= kMostCompared)
      for (const std::string& word : differing_words(workspace.shown))
        differences_ += (differences_.empty() ? "" : ", ") + word;
  }
  if (!differences_.empty()) widgets::quiet_paragraph("differs in:  " + differences_);
}

}  // namespace

std::unique_ptr<Panel> make_runs_panel() { return std::make_unique<RunsPanel>(); }

}  // namespace ablate
