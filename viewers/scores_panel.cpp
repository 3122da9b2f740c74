#include "viewers/scores_panel.h"

#include <fmt/format.h>
#include <imgui.h>

#include <algorithm>
#include <cmath>

#include "experiments/metrics/metric_list.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

using Scores = StoredEvaluation::Scores;

const Metric* metric_of(const std::string& name) {
  const auto found = std::ranges::find(all_metrics(), name, &Metric::name);
  return found == all_metrics().end() ? nullptr : &*found;
}

/// Chooses one of `names`; the first where `chosen` is none of them.
void combo(const char* label, const std::vector<std::string>& names, std::string& chosen) {
  if (std::ranges::find(names, chosen) == names.end()) chosen = names.front();
  ImGui::SetNextItemWidth(widgets::em(9));
  if (!ImGui::BeginCombo(label, chosen.c_str())) return;
  for (const std::string& name : names)
    if (ImGui::Selectable(name.c_str(), name == chosen)) chosen = name;
  ImGui::EndCombo();
}

class ScoresPanel : public Panel {
 public:
  const char* title() const override { return "Scores"; }
  Place place() const override { return Place::centre_bottom; }
  void draw(Workspace& workspace) override;
  nlohmann::json state() const override { return {{"set", set_}, {"stratum", stratum_}}; }
  void restore(const nlohmann::json& state) override {
    set_ = state.value("set", set_);
    stratum_ = state.value("stratum", stratum_);
  }

 private:
  struct Column {
    const RunView* run;
    const Scores* scores;  ///< null where the stratum has no sample
    std::string size;      ///< that it was scored at
  };
  static const StoredEvaluation* evaluation_on(const RunView& run, const std::string& set);
  static void draw_table(Workspace& workspace, const std::vector<Column>& columns);
  static void draw_row(const std::string& metric, const std::vector<Column>& columns);

  std::string set_ = "held-out", stratum_ = "all";
};

const StoredEvaluation* ScoresPanel::evaluation_on(const RunView& run, const std::string& set) {
  const auto found = std::ranges::find(run.evaluations, set, &StoredEvaluation::set);
  return found == run.evaluations.end() ? nullptr : &*found;
}

void ScoresPanel::draw(Workspace& workspace) {
  std::set<std::string> sets, strata;
  for (const RunView* run : workspace.shown)
    for (const StoredEvaluation& each : run->evaluations) sets.insert(each.set);
  if (sets.empty()) {
    widgets::empty_panel("No scores yet",
                         "`ablate evaluate RUN` measures a run by all metrics, on its held-out samples or with --data "
                         "on any folder with images/ and masks/. What it finds is compared here.");
    return;
  }
  combo("set", {sets.begin(), sets.end()}, set_);
  widgets::hint("The set that was measured");
  std::vector<Column> columns;
  for (const RunView* run : workspace.shown) {
    const StoredEvaluation* const evaluation = evaluation_on(*run, set_);
    if (!evaluation) continue;
    columns.push_back({run, &evaluation->all, evaluation->size});
    for (const auto& [name, _] : evaluation->strata) strata.insert(name);
  }
  std::vector<std::string> choices{"all"};
  choices.insert(choices.end(), strata.begin(), strata.end());
  ImGui::SameLine();
  combo("samples", choices, stratum_);
  widgets::hint(
      "All samples, or those of one kind: by the area of the mask, by brightness, colour and sharpness of the "
      "picture, and by what a manifest says of them");
  if (stratum_ != "all")
    for (Column& column : columns) {
      const auto& all = evaluation_on(*column.run, set_)->strata;
      const auto found = all.find(stratum_);
      column.scores = found == all.end() ? nullptr : &found->second;
    }
  draw_table(workspace, columns);
}

void ScoresPanel::draw_table(Workspace& workspace, const std::vector<Column>& columns) {
  std::vector<std::string> metrics;  // In the order of the list, then what another version measured.
  for (const Metric& metric : all_metrics()) metrics.emplace_back(metric.name);
  std::set<std::string> measured;
  for (const Column& column : columns)
    if (column.scores)
      for (const auto& [name, _] : column.scores->metrics)
        if (measured.insert(name).second && !metric_of(name)) metrics.push_back(name);
  const auto flags = ImGuiTableFlags_ScrollY | ImGuiTableFlags_ScrollX | ImGuiTableFlags_BordersInnerH |
                     ImGuiTableFlags_NoBordersInBody | ImGuiTableFlags_PadOuterX | ImGuiTableFlags_SizingFixedFit;
  if (!ImGui::BeginTable("scores", static_cast<int>(columns.size()) + 1, flags)) return;
  ImGui::TableSetupScrollFreeze(1, 3);
  ImGui::TableSetupColumn("metric");
  for (const Column& column : columns)
    ImGui::TableSetupColumn(column.run->info.id.c_str(), ImGuiTableColumnFlags_WidthFixed, widgets::em(5.6f));
  ImGui::TableNextRow(ImGuiTableRowFlags_Headers);
  ImGui::TableNextColumn();
  for (const Column& column : columns) {
    ImGui::TableNextColumn();
    widgets::color_mark(column.run->color);
    ImGui::SameLine(0, widgets::em(0.2f));
    widgets::fitted_text(column.run->info.name, ImGui::GetContentRegionAvail().x);
  }
  ImGui::TableNextRow(ImGuiTableRowFlags_Headers);
  ImGui::TableNextColumn();
  widgets::quiet_text("samples");
  for (const Column& column : columns) {
    ImGui::TableNextColumn();
    widgets::quiet_text(column.scores ? std::to_string(column.scores->samples) : "–");
  }
  ImGui::TableNextRow(ImGuiTableRowFlags_Headers);
  ImGui::TableNextColumn();
  widgets::quiet_text("size");
  widgets::hint("Height and width that it was scored at. Sums (sad, grad, conn) compare at one size alone.");
  for (const Column& column : columns) {
    ImGui::TableNextColumn();
    widgets::quiet_text(column.size.empty() ? "–" : column.size);
  }
  ImGui::PushFont(workspace.mono, ImGui::GetStyle().FontSizeBase * 0.9f);
  for (const std::string& metric : metrics)
    if (measured.contains(metric)) draw_row(metric, columns);
  ImGui::PopFont();
  ImGui::EndTable();
}

void ScoresPanel::draw_row(const std::string& name, const std::vector<Column>& columns) {
  const Metric* const metric = metric_of(name);
  const auto value_of = [&](const Column& column) {
    if (!column.scores) return std::nan("");
    const auto found = column.scores->metrics.find(name);
    return found == column.scores->metrics.end() ? std::nan("") : found->second;
  };
  double best = std::nan("");
  for (const Column& column : columns) {
    const double value = value_of(column);
    if (metric && (std::isnan(best) || (metric->better == Better::higher ? value > best : value < best))) best = value;
  }
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  ImGui::TextUnformatted(name.c_str());
  if (metric)
    widgets::hint(fmt::format("{} {} is better.", metric->meaning, metric->better == Better::higher ? "More" : "Less"));
  for (const Column& column : columns) {
    ImGui::TableNextColumn();
    const double value = value_of(column);
    const bool absent = !column.scores || !column.scores->metrics.contains(name);
    if (absent)
      widgets::quiet_text("–");
    else if (value == best && columns.size() > 1)
      ImGui::TextColored(widgets::vector_of(look::kAccent), "%s", widgets::short_number(value).c_str());
    else if (std::isnan(value))
      widgets::wrong_text("NaN");
    else
      ImGui::TextUnformatted(widgets::short_number(value).c_str());
  }
}

}  // namespace

std::unique_ptr<Panel> make_scores_panel() { return std::make_unique<ScoresPanel>(); }

}  // namespace ablate
