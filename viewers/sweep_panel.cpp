#include "viewers/sweep_panel.h"

#include <fmt/format.h>
#include <imgui.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <utility>

#include "sweeps/exhaustion.h"
#include "sweeps/trial_standing.h"
#include "viewers/sweep/chart.h"
#include "viewers/sweep/trial_rows.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

std::vector<std::unique_ptr<SweepChart>> make_sweep_charts() {
  std::vector<std::unique_ptr<SweepChart>> charts;
  charts.push_back(make_trials_chart());
  charts.push_back(make_history_chart());
  charts.push_back(make_curves_chart());
  charts.push_back(make_parallel_chart());
  charts.push_back(make_slices_chart());
  charts.push_back(make_contour_chart());
  charts.push_back(make_importance_chart());
  charts.push_back(make_pareto_chart());
  charts.push_back(make_timeline_chart());
  return charts;
}

/// Unix time.
double now_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// As standing_of has them, in the order in which they are counted.
constexpr std::array kStandings{"complete", "pruned",  "running",     "queued",   "paused",
                                "waiting",  "stopped", "interrupted", "diverged", "failed"};

class SweepPanel : public Panel {
 public:
  SweepPanel() : charts_(make_sweep_charts()) {}
  const char* title() const override { return kSweepPanel; }
  Place place() const override { return Place::centre_top; }
  void draw(Workspace& workspace) override;
  nlohmann::json state() const override { return {{"view", charts_[chart_]->name()}}; }
  void restore(const nlohmann::json& state) override {
    for (std::size_t i = 0; i < charts_.size(); ++i)
      if (state.value("view", "") == charts_[i]->name()) chart_ = i;
  }

 private:
  const SweepView& chosen(Workspace& workspace) const;
  void update(const Workspace& workspace, const SweepView& view);
  void find_runs(const Workspace& workspace, const SweepView& view);
  void draw_controls(Workspace& workspace, const SweepView& view);
  void draw_actions(Workspace& workspace, const SweepView& view);
  void draw_objective();
  void draw_progress(const SweepView& view) const;

  std::vector<std::unique_ptr<SweepChart>> charts_;
  std::size_t chart_ = 0, objective_ = 0;
  int more_ = 10;  ///< trials to add

  // Of the chosen sweep.
  std::shared_ptr<const Study> study_;
  std::string name_;
  StudyAxes axes_;
  std::vector<char> best_, kept_;
  std::vector<const RunView*> runs_;
  std::uint64_t version_ = 0;       ///< of the study
  bool all_tried_ = false;          ///< a grid has no more
  std::uint64_t snapshot_ = ~0ull;  ///< that runs_ are of
  Brushes brushes_, kept_by_;
  std::optional<int> selected_;  ///< trial
  std::string selected_run_;     ///< the workspace's, when that was last taken over
};

/// The one the workspace names, else the last that runs, else the last.
const SweepView& SweepPanel::chosen(Workspace& workspace) const {
  const auto& sweeps = workspace.snapshot->sweeps;
  auto found = std::ranges::find_if(
      sweeps, [&](const auto& sweep) { return sweep->name == workspace.sweep || sweep->place == workspace.sweep; });
  if (found == sweeps.end())
    found = std::ranges::find(sweeps, SweepState::Now::running, [](const auto& sweep) { return sweep->state.now; });
  if (found == sweeps.end()) found = std::prev(sweeps.end());
  workspace.sweep = (*found)->name;
  return **found;
}

void SweepPanel::find_runs(const Workspace& workspace, const SweepView& view) {
  if (snapshot_ == workspace.snapshot->version && runs_.size() == study_->trials.size()) return;
  snapshot_ = workspace.snapshot->version;
  runs_.clear();
  for (const Trial& trial : study_->trials) {
    const std::string run = trial.run();
    runs_.push_back(run.empty() ? nullptr : workspace.find(view.run_prefix + run));
  }
}

void SweepPanel::update(const Workspace& workspace, const SweepView& view) {
  if (name_ != view.name) {
    name_ = view.name;
    brushes_.clear();
    selected_.reset();
    selected_run_.clear();
    objective_ = 0;
    study_.reset();
  }
  if (study_ != view.study) {
    study_ = view.study;
    ++version_;
    axes_ = axes_of(*study_, view.sweep.get());
    best_.assign(study_->trials.size(), 0);
    for (const int number : study_->best()) best_[static_cast<std::size_t>(number)] = 1;
    kept_.clear();
    all_tried_ = view.sweep && all_tried(*view.sweep, *study_);
    snapshot_ = ~0ull;
  }
  objective_ = std::min(objective_, axes_.objectives.size() - 1);
  if (kept_.size() != study_->trials.size() || !(kept_by_ == brushes_)) {
    kept_ = brushes_.kept(axes_, study_->trials.size());
    kept_by_ = brushes_;
  }
  find_runs(workspace, view);
  if (workspace.selected != selected_run_) {
    selected_run_ = workspace.selected;
    const auto its = std::ranges::find_if(runs_, [&](const RunView* r) { return r && r->info.id == selected_run_; });
    if (its != runs_.end()) selected_ = static_cast<int>(its - runs_.begin());
  }
}

void SweepPanel::draw(Workspace& workspace) {
  if (workspace.snapshot->sweeps.empty()) {
    widgets::empty_panel(
        "No sweeps yet",
        "A sweep tries one set of options after another. Under New experiment press search, or begin one with "
        "`ablate sweep run SWEEP.json`: it will be here, with its trials and what they tell. `ablate open "
        "study.journal` shows any study of Optuna's.");
    return;
  }
  const SweepView& view = chosen(workspace);
  if (view.study) update(workspace, view);
  draw_controls(workspace, view);
  if (!view.problem.empty()) widgets::wrong_paragraph(view.problem);
  if (!view.state.problem.empty()) widgets::wrong_paragraph(view.state.problem);
  if (!view.study) {
    if (view.problem.empty())
      widgets::empty_panel("No study yet",
                           "Nothing has been written into this journal so far. What is, will be here at once.");
    return;
  }
  SweepScene scene{workspace,     view,  *study_, axes_, version_, objective_,
                   now_seconds(), runs_, kept_,   best_, brushes_, selected_};
  SweepChart& chart = *charts_[chart_];
  ImGui::PushID(chart.name());
  if (const std::string why = chart.empty(scene); why.empty())
    chart.draw(scene);
  else
    widgets::empty_panel("Nothing to see here", why.c_str());
  ImGui::PopID();
  selected_run_ = workspace.selected;
}

void SweepPanel::draw_controls(Workspace& workspace, const SweepView& view) {
  ImGui::SetNextItemWidth(widgets::em(9));
  if (ImGui::BeginCombo("##sweep", view.name.c_str())) {
    for (const auto& sweep : workspace.snapshot->sweeps)
      if (ImGui::Selectable(sweep->name.c_str(), sweep->name == view.name)) workspace.sweep = sweep->name;
    ImGui::EndCombo();
  }
  widgets::hint(view.place.string());
  ImGui::SameLine();
  ImGui::SetNextItemWidth(widgets::em(10.5f));
  if (ImGui::BeginCombo("##view", charts_[chart_]->name(), ImGuiComboFlags_HeightLarge)) {
    for (std::size_t i = 0; i < charts_.size(); ++i)
      if (ImGui::Selectable(charts_[i]->name(), i == chart_)) chart_ = i;
    ImGui::EndCombo();
  }
  if (view.study) draw_objective();
  if (view.sweep)
    draw_actions(workspace, view);
  else
    widgets::same_line_or_wrap(widgets::em(6)), widgets::quiet_text("read only");
  if (view.study) draw_progress(view);
}

/// Of several, where the chart shows one.
void SweepPanel::draw_objective() {
  if (axes_.objectives.size() < 2 || !charts_[chart_]->one_objective()) return;
  widgets::same_line_or_wrap(widgets::em(8));
  ImGui::SetNextItemWidth(widgets::em(8));
  if (!ImGui::BeginCombo("##objective", axes_.objectives[objective_].name.c_str())) return;
  for (std::size_t i = 0; i < axes_.objectives.size(); ++i)
    if (ImGui::Selectable(axes_.objectives[i].name.c_str(), i == objective_)) objective_ = i;
  ImGui::EndCombo();
}

void SweepPanel::draw_actions(Workspace& workspace, const SweepView& view) {
  using Now = SweepState::Now;
  const auto button = [](const char* label, const char* meaning) {
    widgets::same_line_or_wrap(ImGui::CalcTextSize(label).x + widgets::em(1));
    const bool pressed = ImGui::Button(label);
    widgets::hint(meaning);
    return pressed;
  };
  const Now now = view.state.now;
  if (now == Now::running && button("Pause", "No new trial begins until it is resumed; what trains goes on to its end"))
    workspace.actions->pause(view);
  if ((now == Now::paused || now == Now::idle) &&
      button("Resume", "Trials begin again; stopped ones go on where they were"))
    workspace.actions->resume(view);
  if ((now == Now::running || now == Now::paused) &&
      button("Stop", "All its trials stop at a checkpoint, from which they go on later"))
    workspace.actions->stop(view);
  if (!view.sweep->budget.trials || all_tried_) return;  // There is no number to raise, or nothing to try.
  widgets::same_line_or_wrap(widgets::em(9));
  ImGui::SetNextItemWidth(widgets::em(2.6f));
  if (ImGui::InputInt("##more", &more_, 0)) more_ = std::clamp(more_, 1, 100000);
  ImGui::SameLine(0, widgets::em(0.3f));
  if (ImGui::Button("Add trials")) workspace.actions->add_trials(view, more_);
  widgets::hint("Raise the budget by so many; a sweep that has finished goes on");
}

/// "running   23 of 60 trials: 12 complete, 8 pruned, 2 running, 1 failed   best 0.849 (trial 17)".
void SweepPanel::draw_progress(const SweepView& view) const {
  std::map<std::string_view, int> counts;
  for (const Trial& trial : study_->trials)
    ++counts[standing_of(trial, status_of(runs_[static_cast<std::size_t>(trial.number)]))];
  std::string words;
  const SweepState::Now now = view.state.now;
  if (view.sweep)
    words = fmt::format("{}{}    ", name_of(now), now == SweepState::Now::idle ? ", nobody leads it" : "");
  words += std::to_string(view.study->trials.size());
  if (view.sweep && view.sweep->budget.trials) words += fmt::format(" of {}", *view.sweep->budget.trials);
  words += view.study->trials.size() == 1 && words.find(" of ") == std::string::npos ? " trial" : " trials";
  const char* before = ": ";
  for (const char* word : kStandings)
    if (counts[word] > 0) words += fmt::format("{}{} {}", std::exchange(before, ", "), counts[word], word);
  const std::vector<int> best = view.study->best();
  if (view.study->directions.size() > 1 && !best.empty())
    words += fmt::format("    {} on the front", best.size());
  else if (!best.empty())
    words +=
        fmt::format("    best {} (trial {})",
                    widgets::short_number(view.study->trials[static_cast<std::size_t>(best[0])].values[0]), best[0]);
  widgets::quiet_paragraph(words);
}

}  // namespace

std::unique_ptr<Panel> make_sweep_panel() { return std::make_unique<SweepPanel>(); }

}  // namespace ablate
