#include <fmt/format.h>
#include <imgui.h>

#include <algorithm>
#include <cmath>

#include "sweeps/trial_standing.h"
#include "viewers/run_dot.h"
#include "viewers/sweep/drawing.h"
#include "viewers/sweep/trial_rows.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

class TrialsChart : public SweepChart {
 public:
  const char* name() const override { return "trials"; }
  std::string empty(const SweepScene& scene) const override {
    return scene.study.trials.empty() ? "Each trial will be a line here: what was tried, and what it came to." : "";
  }
  bool one_objective() const override { return false; }
  void draw(SweepScene& scene) override;

 private:
  struct Column {
    TrialOrder::By by;
    std::size_t index;
    std::string name;
    float width;
  };
  static std::vector<Column> columns_of(const SweepScene& scene);
  void sort(const SweepScene& scene, const std::vector<Column>& columns);
  void draw_row(SweepScene& scene, const std::vector<Column>& columns, int number);
  static void draw_state(SweepScene& scene, const Trial& trial);
  static void draw_run(SweepScene& scene, int number);

  TrialOrder order_;
  std::vector<int> rows_;
  std::uint64_t version_ = 0, snapshot_ = 0;
  TrialOrder sorted_by_;
  std::vector<char> sorted_kept_;
  std::optional<int> in_view_;  ///< the selected trial that was scrolled to
};

std::vector<TrialsChart::Column> TrialsChart::columns_of(const SweepScene& scene) {
  using By = TrialOrder::By;
  const auto width = [](const std::string& name, float least) {
    return std::max(widgets::em(least), ImGui::CalcTextSize(name.c_str()).x + widgets::em(1.5f));
  };
  std::vector<Column> columns{{By::number, 0, "trial", widgets::em(3.6f)}, {By::state, 0, "state", widgets::em(8)}};
  for (std::size_t i = 0; i < scene.axes.objectives.size(); ++i)
    columns.push_back({By::objective, i, scene.axes.objectives[i].name, width(scene.axes.objectives[i].name, 4)});
  for (std::size_t i = 0; i < scene.axes.parameters.size(); ++i) {
    const std::string name = short_name(scene.axes, scene.axes.parameters[i]);
    columns.push_back({By::parameter, i, name, width(name, 4)});
  }
  columns.push_back({By::seconds, 0, "time", widgets::em(5.5f)});
  if (std::ranges::any_of(scene.study.trials, [](const Trial& trial) { return !trial.run().empty(); }))
    columns.push_back({By::run, 0, "run", widgets::em(10)});
  return columns;
}

void TrialsChart::sort(const SweepScene& scene, const std::vector<Column>& columns) {
  if (ImGuiTableSortSpecs* const specs = ImGui::TableGetSortSpecs(); specs && specs->SpecsCount > 0) {
    const Column& column = columns[static_cast<std::size_t>(specs->Specs[0].ColumnIndex)];
    order_ = {column.by, column.index, specs->Specs[0].SortDirection == ImGuiSortDirection_Descending};
  }
  const std::uint64_t snapshot = scene.workspace.snapshot->version;
  if (version_ == scene.version && snapshot_ == snapshot && sorted_by_ == order_ && sorted_kept_ == scene.kept) return;
  version_ = scene.version;
  snapshot_ = snapshot;
  sorted_by_ = order_;
  sorted_kept_ = scene.kept;
  rows_ = sorted_trials(scene.study, scene.axes, scene.kept, scene.runs, order_, scene.now);
}

void TrialsChart::draw(SweepScene& scene) {
  const std::vector<Column> columns = columns_of(scene);
  const auto flags = ImGuiTableFlags_ScrollX | ImGuiTableFlags_ScrollY | ImGuiTableFlags_Sortable |
                     ImGuiTableFlags_Resizable | ImGuiTableFlags_NoBordersInBody | ImGuiTableFlags_PadOuterX |
                     ImGuiTableFlags_NoSavedSettings;
  if (!ImGui::BeginTable("trials", static_cast<int>(columns.size()), flags)) return;
  ImGui::TableSetupScrollFreeze(1, 1);
  for (const Column& column : columns) {
    // The better ones first: a click more turns it round.
    const bool most =
        column.by == TrialOrder::By::objective && scene.study.directions[column.index] == Direction::maximize;
    const auto first = most ? ImGuiTableColumnFlags_PreferSortDescending : ImGuiTableColumnFlags_PreferSortAscending;
    ImGui::TableSetupColumn(column.name.c_str(),
                            first | ImGuiTableColumnFlags_WidthFixed |
                                (column.by == TrialOrder::By::number ? ImGuiTableColumnFlags_DefaultSort : 0),
                            column.width);
  }
  ImGui::PushStyleColor(ImGuiCol_Text, widgets::vector_of(look::kQuiet));
  ImGui::TableHeadersRow();
  ImGui::PopStyleColor();
  sort(scene, columns);
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(rows_.size()));
  if (in_view_ != scene.selected && scene.selected) {
    const auto at = std::ranges::find(rows_, *scene.selected);
    if (at != rows_.end()) clipper.IncludeItemByIndex(static_cast<int>(at - rows_.begin()));
  }
  while (clipper.Step())
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i)
      draw_row(scene, columns, rows_[static_cast<std::size_t>(i)]);
  ImGui::EndTable();
}

void TrialsChart::draw_row(SweepScene& scene, const std::vector<Column>& columns, int number) {
  using By = TrialOrder::By;
  const Trial& trial = scene.trial(number);
  ImGui::PushID(number);
  ImGui::TableNextRow(0, ImGui::GetTextLineHeight() + widgets::em(0.47f));
  for (const Column& column : columns) {
    ImGui::TableNextColumn();
    switch (column.by) {
      case By::number:
        if (ImGui::Selectable(std::to_string(number).c_str(), scene.is_selected(number),
                              ImGuiSelectableFlags_SpanAllColumns | ImGuiSelectableFlags_AllowOverlap)) {
          scene.select(number);
          in_view_ = number;
        }
        if (scene.is_selected(number) && in_view_ != number) {
          if (!ImGui::IsItemVisible()) ImGui::SetScrollHereY(0.5f);
          in_view_ = number;
        }
        if (const RunView* const run = scene.shown_run(number)) {
          ImGui::SameLine(widgets::em(2.6f));
          widgets::color_mark(run->color);
        }
        break;
      case By::state:
        draw_state(scene, trial);
        break;
      case By::objective: {
        const double value = row_value(scene.study, trial, column.index);
        const std::string words = std::isfinite(value) ? widgets::short_number(value) : "–";
        if (scene.is_best(number))
          ImGui::TextColored(widgets::vector_of(look::kAccent), "%s", words.c_str());
        else if (finished(trial.state) && std::isfinite(value))
          ImGui::TextUnformatted(words.c_str());
        else
          widgets::quiet_text(words);
        break;
      }
      case By::parameter: {
        const StudyAxis& axis = scene.axes.parameters[column.index];
        if (axis.has(number))
          ImGui::TextUnformatted(axis.words(axis.of(number)).c_str());
        else
          widgets::quiet_text("–");
        break;
      }
      case By::seconds: {
        const double seconds = trained_seconds(trial, status_of(scene.run(number)), scene.now);
        widgets::quiet_text(std::isfinite(seconds) ? widgets::duration(seconds) : "–");
        break;
      }
      case By::run:
        draw_run(scene, number);
        break;
    }
  }
  ImGui::PopID();
}

void TrialsChart::draw_state(SweepScene& scene, const Trial& trial) {
  const RunView* const run = scene.run(trial.number);
  std::string words(standing_of(trial, status_of(run)));
  if (trial.state == TrialState::running && !trial.paused() && run && run->info.status.total_steps > 0)
    words += fmt::format(" {:.0f} %", 100.0 * static_cast<double>(run->info.status.step) /
                                          static_cast<double>(run->info.status.total_steps));
  if (scene.is_best(trial.number)) words += scene.study.directions.size() > 1 ? ", front" : ", best";
  if (trial.state == TrialState::fail)
    widgets::wrong_text(words);
  else
    widgets::quiet_text(words);
  if (const auto why = trial.user_attrs.find("error"); why != trial.user_attrs.end() && why->is_string())
    widgets::hint(why->get<std::string>());
  if (finished(trial.state) || !scene.view.sweep) return;
  ImGui::SameLine();
  if (ImGui::SmallButton("end")) scene.workspace.actions->kill_trial(scene.view, trial.number);
  widgets::hint("End this trial for good, with what it has reported");
}

void TrialsChart::draw_run(SweepScene& scene, int number) {
  const RunView* const run = scene.run(number);
  if (!run) {
    const std::string id = scene.trial(number).run();
    widgets::quiet_text(id.empty() ? "–" : "not there");
    if (!id.empty()) widgets::hint(id);
    return;
  }
  const bool shown = scene.workspace.is_shown(*run);
  draw_run_dot(scene.workspace, *run);
  ImGui::SameLine(0, widgets::em(0.1f));
  if (!shown) ImGui::PushStyleColor(ImGuiCol_Text, widgets::vector_of(look::kQuiet));
  widgets::fitted_text(run->info.name, ImGui::GetContentRegionAvail().x);
  if (!shown) ImGui::PopStyleColor();
}

}  // namespace

std::unique_ptr<SweepChart> make_trials_chart() { return std::make_unique<TrialsChart>(); }

}  // namespace ablate
