#include "viewers/run_notes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <imgui.h>
#include <imgui_stdlib.h>

#include <algorithm>

#include "runs/error.h"
#include "runs/text.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

std::vector<std::string> parts_of(std::string_view words) {
  std::vector<std::string> parts;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(','), words.size());
    if (const std::string_view part = trimmed(words.substr(0, end)); !part.empty()) parts.emplace_back(part);
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return parts;
}

}  // namespace

std::vector<std::string> tags_from_words(const std::string& words) {
  std::vector<std::string> tags;
  for (const std::string& tag : parts_of(words))
    if (std::ranges::find(tags, tag) == tags.end()) tags.push_back(tag);
  return tags;
}

std::map<std::string, double> figures_from_words(const std::string& words) {
  std::map<std::string, double> figures;
  for (const std::string& part : parts_of(words))
    if (const auto [name, value] = figure_from_words(part); value) figures[name] = *value;
  return figures;
}

std::string words_of_figures(const std::map<std::string, double>& figures) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : figures) parts.push_back(fmt::format("{}={}", name, value));
  return fmt::format("{}", fmt::join(parts, ", "));
}

void RunNotes::begin(const RunView& run) {
  const RunMeta& meta = run.info.meta;
  of_ = run.info.id;
  name_ = meta.name;
  tags_ = fmt::format("{}", fmt::join(meta.tags, ", "));
  notes_ = meta.notes;
  figures_ = words_of_figures(meta.figures);
  problem_.clear();
}

void RunNotes::draw(Workspace& workspace, const RunView& run) {
  if (ImGui::IsWindowAppearing() || of_ != run.info.id) begin(run);
  const float width = widgets::em(20);
  const auto field = [width](const char* id, const char* what, std::string& text) {
    widgets::quiet_text(what);
    ImGui::SetNextItemWidth(width);
    ImGui::InputText(id, &text);
  };
  field("##name", "name (empty: as it was launched)", name_);
  field("##tags", "tags, by which it is found: good, no flip", tags_);
  field("##figures", "figures that no log has: leaderboard=0.87", figures_);
  widgets::quiet_text("notes");
  ImGui::InputTextMultiline("##notes", &notes_, ImVec2(width, widgets::em(7)), ImGuiInputTextFlags_WordWrap);
  if (!problem_.empty()) widgets::wrong_paragraph(problem_);
  if (!widgets::primary_button("Keep")) return;
  try {
    workspace.actions->annotate(run, [name = std::string(trimmed(name_)), tags = tags_from_words(tags_), notes = notes_,
                                      figures = figures_from_words(figures_)](RunMeta& meta) {
      meta.name = name;
      meta.tags = tags;
      meta.notes = notes;
      meta.figures = figures;
    });
    ImGui::CloseCurrentPopup();
  } catch (const Error& error) {
    problem_ = error.what();
  }
}

}  // namespace ablate
