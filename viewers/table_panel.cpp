#include "viewers/table_panel.h"

#include <fmt/format.h>
#include <imgui.h>
#include <imgui_stdlib.h>

#include <algorithm>
#include <map>

#include "viewers/curves/run_groups.h"
#include "viewers/plot_menu.h"
#include "viewers/run_dot.h"
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
  void draw_group(const RunGroup& group);
  void draw_run(Workspace& workspace, const RunView& run);
  void draw_cells(const RunView* run, const std::vector<RunCell>& cells) const;
  void draw_grouping();
  void draw_until();

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
  std::string until_;     ///< as it is being typed
  std::string group_by_;  ///< a key of group_keys(); empty: every run by itself
  std::vector<std::string> group_keys_;
  std::set<std::string> open_groups_;  ///< by name: whose runs have a row each
  std::vector<RunGroup> groups_;
  struct Row {
    const RunGroup* group;  ///< else a run's
    const RunView* run;
    std::vector<RunCell> cells;
  };
  std::vector<Row> rows_;
};

nlohmann::json TablePanel::state() const {
  nlohmann::json state = {{"sorted_by", sorted_by_}, {"descending", descending_}, {"group_by", group_by_}};
  if (chosen_) state["columns"] = *chosen_;
  return state;
}

void TablePanel::restore(const nlohmann::json& state) {
  sorted_by_ = state.value("sorted_by", "");
  descending_ = state.value("descending", false);
  group_by_ = state.value("group_by", "");
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
  if (!sorted_by_.empty())
    runs_ = sorted_by(runs_, run_column(sorted_by_), descending_);
  else
    std::ranges::stable_partition(runs_, [](const RunView* run) { return run->info.meta.pinned; });
  group_keys_ = group_keys(runs_);
  groups_.clear();
  if (std::ranges::find(group_keys_, group_by_) != group_keys_.end()) groups_ = grouped(runs_, group_by_);
  if (!sorted_by_.empty()) {
    const RunColumn column = run_column(sorted_by_);
    std::map<std::string, RunCell> cells;
    for (const RunGroup& group : groups_) cells[group.name] = cell_of_all(group.runs, column);
    std::ranges::stable_sort(groups_, [&](const RunGroup& a, const RunGroup& b) {
      return stands_before(cells[a.name], cells[b.name], descending_);
    });
  }
  rows_.clear();
  const auto add = [&](const RunGroup* group, const RunView* run) {
    Row& row = rows_.emplace_back(Row{group, run, {}});
    for (const RunColumn& column : columns_)
      row.cells.push_back(group ? cell_of_all(group->runs, column) : run_cell(*run, column));
  };
  for (const RunGroup& group : groups_) {
    add(&group, nullptr);
    if (open_groups_.contains(group.name))
      for (const RunView* run : group.runs) add(nullptr, run);
  }
  if (groups_.empty())
    for (const RunView* run : runs_) add(nullptr, run);
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
  draw_until();
  draw_grouping();
  const std::string how_many = fmt::format("{} of {} runs", runs_.size(), workspace.snapshot->runs.size());
  widgets::same_line_or_wrap(ImGui::CalcTextSize(how_many.c_str()).x);
  widgets::quiet_text(how_many);
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
    clipper.Begin(static_cast<int>(rows_.size()));
    while (clipper.Step())
      for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
        const Row& row = rows_[static_cast<std::size_t>(i)];
        ImGui::PushID(row.group ? row.group->name.c_str() : row.run->info.id.c_str());
        ImGui::TableNextRow();
        ImGui::TableNextColumn();
        if (row.group)
          draw_group(*row.group);
        else
          draw_run(workspace, *row.run);
        draw_cells(row.run, row.cells);
        ImGui::PopID();
      }
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

void TablePanel::draw_until() {
  widgets::same_line_or_wrap(widgets::em(9));
  ImGui::SetNextItemWidth(widgets::em(9));
  const bool entered =
      ImGui::InputTextWithHint("##until", "until iou/val >= 0.8", &until_, ImGuiInputTextFlags_EnterReturnsTrue);
  widgets::hint("Type a metric and a value and press Enter: columns of how many steps, and how long, it took each run");
  if (!until_.empty() && !passing_from(until_)) {
    ImGui::SameLine(0, widgets::em(0.3f));
    widgets::quiet_text("METRIC >= VALUE");
  }
  const auto passing = entered ? passing_from(until_) : std::nullopt;
  if (!passing) return;
  if (!chosen_) {
    chosen_.emplace();
    for (const RunColumn& column : columns_) chosen_->insert(column.name());
  }
  const std::string words = fmt::format("{} {} {}", passing->tag, passing->upwards ? ">=" : "<=", passing->value);
  for (const auto kind : {RunColumn::Kind::steps_until, RunColumn::Kind::time_until})
    chosen_->insert(RunColumn{kind, words}.name());
  until_.clear();
  changed_ = true;
}

void TablePanel::draw_grouping() {
  widgets::same_line_or_wrap(widgets::em(11));
  changed_ |= widgets::choose_or_none("group", group_keys_, group_by_, widgets::em(8));
  widgets::hint("Runs that have the same of it are one row: mean ± standard deviation. Press it to see each of them");
}

void TablePanel::draw_group(const RunGroup& group) {
  const bool open = open_groups_.contains(group.name);
  widgets::color_mark(group.runs.front()->color);
  ImGui::SameLine(0, widgets::em(0.3f));
  const std::string words = fmt::format("{} ({})", group.name, group.runs.size());
  if (!ImGui::Selectable(words.c_str(), open, ImGuiSelectableFlags_SpanAllColumns)) return;
  if (open)
    open_groups_.erase(group.name);
  else
    open_groups_.insert(group.name);
  changed_ = true;
}

void TablePanel::draw_run(Workspace& workspace, const RunView& run) {
  if (!groups_.empty()) ImGui::Indent(widgets::em(1));
  draw_run_dot(workspace, run);
  ImGui::SameLine(0, widgets::em(0.3f));
  if (run.info.meta.pinned) ImGui::PushFont(workspace.bold, 0);
  const bool pressed = ImGui::Selectable(run.info.name.c_str(), workspace.selected == run.info.id,
                                         ImGuiSelectableFlags_SpanAllColumns | ImGuiSelectableFlags_AllowOverlap);
  if (run.info.meta.pinned) ImGui::PopFont();
  if (pressed) workspace.select(run);
  if (!groups_.empty()) ImGui::Unindent(widgets::em(1));
  if (!ImGui::BeginPopupContextItem("menu")) return;
  widgets::quiet_text(run.info.id);
  ImGui::Separator();
  run_menu_.draw(workspace, &run);
  ImGui::EndPopup();
}

void TablePanel::draw_cells(const RunView* run, const std::vector<RunCell>& cells) const {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!ImGui::TableNextColumn()) continue;
    const RunCell& cell = cells[i];
    if (cell.text.empty())
      widgets::quiet_text("–");
    else if (run && columns_[i].kind == RunColumn::Kind::state && is_bad(run->info.status.state))
      widgets::wrong_text(cell.text);
    else
      ImGui::TextUnformatted(cell.text.c_str());
  }
}

}  // namespace

std::unique_ptr<Panel> make_table_panel() { return std::make_unique<TablePanel>(); }

}  // namespace ablate
