#include "viewers/table_panel.h"

#include <fmt/format.h>
#include <imgui.h>
#include <imgui_stdlib.h>

#include <algorithm>

#include "viewers/plot_menu.h"
#include "viewers/run_filter.h"
#include "viewers/run_menu.h"
#include "viewers/run_state.h"
#include "viewers/run_table.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

/// Dear ImGui has no more columns in a table.
constexpr std::size_t kMostColumns = 500;

class TablePanel : public Panel {
 public:
  const char* title() const override { return "Table"; }
  Place place() const override { return Place::centre_top; }
  void draw(Workspace& workspace) override;
  nlohmann::json state() const override;
  void restore(const nlohmann::json& state) override;

 private:
  void draw_controls(const Workspace& workspace);
  /// Rows, columns and cells of this snapshot.
  void make(const Workspace& workspace);
  void sort();
  void draw_table(Workspace& workspace);
  void draw_headings();
  void draw_row(Workspace& workspace, const RunView& run, const std::vector<RunCell>& cells);

  std::string filter_text_;
  RunFilter filter_{""};
  std::optional<std::set<std::string>> chosen_;  ///< names of columns; nullopt: the usual ones
  PlotMenu menu_;
  RunMenu run_menu_;
  std::vector<std::string> names_;  ///< of all columns there could be, while the menu is open
  std::uint64_t names_version_ = ~0ull;

  std::string sorted_by_;  ///< a column's name; empty: as the runs were made
  bool descending_ = false;
  std::uint64_t version_ = ~0ull;
  bool changed_ = true;  ///< what is chosen
  std::vector<const RunView*> runs_;
  std::vector<RunColumn> columns_;
  std::vector<std::vector<RunCell>> cells_;
};

nlohmann::json TablePanel::state() const {
  nlohmann::json state = {{"sorted_by", sorted_by_}, {"descending", descending_}};
  if (chosen_) state["columns"] = *chosen_;
  return state;
}

void TablePanel::restore(const nlohmann::json& state) {
  sorted_by_ = state.value("sorted_by", "");
  descending_ = state.value("descending", false);
  if (state.contains("columns")) chosen_ = state.at("columns").get<std::set<std::string>>();
}

void TablePanel::draw(Workspace& workspace) {
  if (workspace.snapshot->runs.empty())
    return widgets::empty_panel("All runs in a table",
                                "Options and metrics are its columns: sort by one to find the best run, choose others "
                                "under Columns.");
  workspace.wants_all_runs = true;
  make(workspace);
  draw_controls(workspace);
  if (runs_.empty()) return widgets::quiet_text("no run matches");
  draw_table(workspace);
}

void TablePanel::make(const Workspace& workspace) {
  if (version_ == workspace.snapshot->version && !changed_) return;
  version_ = workspace.snapshot->version;
  changed_ = false;
  runs_.clear();
  for (const auto& run : workspace.snapshot->runs)
    if (filter_.matches(*run)) runs_.push_back(run.get());
  columns_.clear();
  if (chosen_) {
    for (const std::string& name : *chosen_) columns_.push_back(run_column(name));
    // What was asked for first stays in sight: options behind metrics, as usual.
    std::ranges::stable_sort(columns_, {}, [](const RunColumn& column) {
      return column.of.empty() ? 0 : column.kind != RunColumn::Kind::option ? 1 : 2;
    });
  } else {
    columns_ = usual_run_columns(runs_);
  }
  columns_.resize(std::min(columns_.size(), kMostColumns));
  sort();
}

void TablePanel::sort() {
  if (!sorted_by_.empty()) runs_ = sorted_by(runs_, run_column(sorted_by_), descending_);
  cells_.clear();
  for (const RunView* run : runs_) {
    cells_.emplace_back();
    for (const RunColumn& column : columns_) cells_.back().push_back(run_cell(*run, column));
  }
}

void TablePanel::draw_controls(const Workspace& workspace) {
  ImGui::SetNextItemWidth(std::min(widgets::em(18), 0.5f * ImGui::GetContentRegionAvail().x));
  if (ImGui::InputTextWithHint("##filter", "filter: words, norm=batch, regex", &filter_text_)) {
    filter_ = RunFilter(filter_text_);
    changed_ = true;
  }
  ImGui::SameLine();
  if (ImGui::Button("Columns")) ImGui::OpenPopup(PlotMenu::kPopup);
  widgets::hint("Choose what stands in the table: options, hyper-parameters, metrics");
  if (ImGui::IsPopupOpen(PlotMenu::kPopup)) {
    if (names_version_ != version_) {
      std::vector<const RunView*> all;
      for (const auto& run : workspace.snapshot->runs) all.push_back(run.get());
      names_ = run_columns(all);
      names_version_ = version_;
    }
    const auto before = chosen_;
    menu_.draw(names_, chosen_, [&](const std::vector<std::string>&) {
      std::set<std::string> usual;
      for (const RunColumn& column : usual_run_columns(runs_)) usual.insert(column.name());
      return usual;
    });
    changed_ |= chosen_ != before;
  }
  ImGui::SameLine();
  widgets::quiet_text(fmt::format("{} of {} runs", runs_.size(), workspace.snapshot->runs.size()));
  if (!filter_.problem().empty()) widgets::wrong_paragraph(filter_.problem());
}

void TablePanel::draw_table(Workspace& workspace) {
  const auto flags = ImGuiTableFlags_ScrollX | ImGuiTableFlags_ScrollY | ImGuiTableFlags_SizingFixedFit |
                     ImGuiTableFlags_Resizable | ImGuiTableFlags_Reorderable | ImGuiTableFlags_Sortable |
                     ImGuiTableFlags_SortTristate | ImGuiTableFlags_RowBg | ImGuiTableFlags_BordersInnerH |
                     ImGuiTableFlags_NoSavedSettings;
  // Another choice of columns is another table.
  std::string id = "table";
  for (const RunColumn& column : columns_) id += "\n" + column.name();
  ImGui::PushID(id.c_str());
  if (ImGui::BeginTable("runs", static_cast<int>(columns_.size()) + 1, flags, ImGui::GetContentRegionAvail())) {
    draw_headings();
    ImGuiListClipper clipper;
    clipper.Begin(static_cast<int>(runs_.size()));
    while (clipper.Step())
      for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i)
        draw_row(workspace, *runs_[static_cast<std::size_t>(i)], cells_[static_cast<std::size_t>(i)]);
    ImGui::EndTable();
  }
  ImGui::PopID();
}

void TablePanel::draw_headings() {
  ImGui::TableSetupScrollFreeze(1, 1);
  ImGui::TableSetupColumn("run", ImGuiTableColumnFlags_NoHide | ImGuiTableColumnFlags_NoSort, widgets::em(12));
  for (const RunColumn& column : columns_) {
    const std::string name = column.name();
    ImGuiTableColumnFlags flags = ImGuiTableColumnFlags_None;
    if (name == sorted_by_) flags |= ImGuiTableColumnFlags_DefaultSort;
    const bool downwards = name == sorted_by_ ? descending_ : column.kind == RunColumn::Kind::highest;
    flags |= downwards ? ImGuiTableColumnFlags_PreferSortDescending : ImGuiTableColumnFlags_PreferSortAscending;
    ImGui::TableSetupColumn(name.c_str(), flags);
  }
  ImGui::TableHeadersRow();
  ImGuiTableSortSpecs* const specs = ImGui::TableGetSortSpecs();
  if (!specs || !specs->SpecsDirty) return;
  specs->SpecsDirty = false;
  const bool any = specs->SpecsCount > 0;
  const std::string by = any ? columns_[static_cast<std::size_t>(specs->Specs[0].ColumnIndex) - 1].name() : "";
  const bool descending = any && specs->Specs[0].SortDirection == ImGuiSortDirection_Descending;
  if (by == sorted_by_ && descending == descending_) return;
  sorted_by_ = by;
  descending_ = descending;
  if (any)
    sort();
  else
    changed_ = true;  // As the runs were made.
}

void TablePanel::draw_row(Workspace& workspace, const RunView& run, const std::vector<RunCell>& cells) {
  ImGui::PushID(run.info.id.c_str());
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  const bool shown = workspace.is_shown(run);
  if (widgets::color_dot("show", run.color, shown)) {
    if (shown)
      workspace.hidden.insert(run.info.id);
    else
      workspace.hidden.erase(run.info.id);
  }
  ImGui::SameLine(0, widgets::em(0.3f));
  if (ImGui::Selectable(run.info.name.c_str(), workspace.selected == run.info.id,
                        ImGuiSelectableFlags_SpanAllColumns | ImGuiSelectableFlags_AllowOverlap)) {
    workspace.selected = run.info.id;
    workspace.selected_by_hand = true;
    workspace.layer.clear();
  }
  if (ImGui::BeginPopupContextItem("menu")) {
    widgets::quiet_text(run.info.id);
    ImGui::Separator();
    run_menu_.draw(workspace, &run);
    ImGui::EndPopup();
  }
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!ImGui::TableNextColumn()) continue;
    const RunCell& cell = cells[i];
    if (cell.text.empty())
      widgets::quiet_text("–");
    else if (columns_[i].kind == RunColumn::Kind::state && is_bad(run.info.status.state))
      widgets::wrong_text(cell.text);
    else
      ImGui::TextUnformatted(cell.text.c_str());
  }
  ImGui::PopID();
}

}  // namespace

std::unique_ptr<Panel> make_table_panel() { return std::make_unique<TablePanel>(); }

}  // namespace ablate
