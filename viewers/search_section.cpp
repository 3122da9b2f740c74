#include "viewers/search_section.h"

#include <fmt/format.h>
#include <imgui.h>
#include <imgui_stdlib.h>

#include <algorithm>

#include "experiments/run_config.h"
#include "experiments/schedule.h"
#include "runs/error.h"
#include "sweeps/pruners/pruner.h"
#include "sweeps/samplers/sampler.h"
#include "viewers/option_menu.h"
#include "viewers/run_metrics.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

/// Samplers and pruners by name, each with its meaning.
template <class Kinds>
void choose_kind(const char* label, const Kinds& kinds, std::string& name) {
  ImGui::SetNextItemWidth(widgets::em(6.2f));
  const auto chosen = std::ranges::find(kinds, name, [](const auto& kind) { return kind.name; });
  if (ImGui::BeginCombo(label, name.c_str())) {
    for (const auto& kind : kinds) {
      if (ImGui::Selectable(kind.name.c_str(), kind.name == name)) name = kind.name;
      widgets::hint(kind.meaning);
    }
    ImGui::EndCombo();
  }
  if (chosen != kinds.end()) widgets::hint(chosen->meaning);
}

void draw_number(const char* label, std::string& text, const char* meaning) {
  ImGui::SetNextItemWidth(widgets::em(3));
  ImGui::InputTextWithHint(label, "–", &text);
  widgets::hint(meaning);
}

}  // namespace

void SearchSection::check(const BuilderModel& builder, const Snapshot& snapshot) {
  std::set<std::string> taken;
  for (const auto& sweep : snapshot.sweeps) taken.insert(sweep->name);
  if (taken == taken_ && checked_of_ && checked_of_->first == builder && checked_of_->second == model_) return;
  taken_ = std::move(taken);
  checked_of_ = {builder, model_};
  checked_ = model_.check(builder, taken_);
  try {
    metrics_ = measured_tags(RunConfig::from_json(builder.experiment().base));
  } catch (const Error&) {  // Said as a problem of the whole; the metrics stay as they were.
  }
}

void SearchSection::begin(const BuilderModel& builder) {
  const char* const key = "optimizer.lr";
  if (model_ == SweepModel() && builder.varied().empty())
    model_.ranges.push_back(SweepModel::proposed(*find_option(key), builder.values(key).front()));
}

void SearchSection::draw(const BuilderModel& builder, const Snapshot& snapshot) {
  check(builder, snapshot);
  draw_problem(SweepModel::kName);
  widgets::section("Search");
  draw_ranges(builder);
  draw_method();
  draw_objectives();
  draw_budget();
}

void SearchSection::draw_problem(const std::string& place) const {
  if (const auto problem = checked_.problems.find(place); problem != checked_.problems.end())
    widgets::wrong_paragraph(problem->second);
}

void SearchSection::draw_ranges(const BuilderModel& builder) {
  for (std::size_t i = 0; i < model_.ranges.size();) {
    ImGui::PushID(model_.ranges[i].key.c_str());
    if (draw_range(model_.ranges[i]))
      ++i;
    else
      model_.ranges.erase(model_.ranges.begin() + static_cast<std::ptrdiff_t>(i));
    ImGui::PopID();
  }
  for (const std::string& key : builder.varied())
    if (!has_range(key)) draw_problem(key);
  if (widgets::chip("search a range of …", false)) ImGui::OpenPopup("ranges");
  const Option* const chosen = option_menu("ranges", find_text_, [&](const Option& option) {
    return SweepModel::can_range(option) && !has_range(option.key);
  });
  if (chosen) model_.ranges.push_back(SweepModel::proposed(*chosen, builder.values(chosen->key).front()));
  draw_problem(SweepModel::kSpace);
}

/// False where it was taken away.
bool SearchSection::draw_range(SweepModel::Range& range) {
  const Option& option = *find_option(range.key);
  ImGui::AlignTextToFramePadding();
  const float begin = ImGui::GetCursorPosX(), end = begin + ImGui::GetContentRegionAvail().x;
  widgets::fitted_text(option_word(range.key), widgets::em(5.6f));
  widgets::hint(option.key + ": " + option.meaning + (option.unit.empty() ? "" : " (" + option.unit + ")"));
  const auto field = [](const char* id, std::string& text, const char* hint) {
    ImGui::SetNextItemWidth(widgets::em(3.7f));
    ImGui::InputTextWithHint(id, hint, &text);
  };
  ImGui::SameLine(begin + widgets::em(5.8f));
  field("##low", range.low, "low");
  ImGui::SameLine(0, widgets::em(0.3f));
  widgets::quiet_text("to");
  ImGui::SameLine(0, widgets::em(0.3f));
  field("##high", range.high, "high");
  ImGui::SameLine();
  ImGui::Checkbox("log", &range.log);
  widgets::hint("By magnitude: from 0.001 to 0.01 as likely as from 0.01 to 0.1");
  const float end_of_fields = end - widgets::em(1.6f);
  if (!range.log) {
    ImGui::SameLine();
    ImGui::SetNextItemWidth(std::max(widgets::em(1), end_of_fields - ImGui::GetCursorPosX()));
    ImGui::InputTextWithHint("##step", "step", &range.step);
    widgets::hint("Only every so far from the low end; empty: any value");
  }
  ImGui::SameLine(end - widgets::em(1.2f));
  const bool removed = ImGui::SmallButton("×###remove");
  widgets::hint("Not searched");
  draw_problem(range.key);
  return !removed;
}

void SearchSection::draw_method() {
  const float half = ImGui::GetContentRegionAvail().x * 0.5f;
  choose_kind("sampler", sampler_kinds(), model_.sampler);
  ImGui::SameLine(half);
  choose_kind("pruner", pruner_kinds(), model_.pruner);
  if (widgets::chip("options of both###fields", fields_shown_)) fields_shown_ = !fields_shown_;
  widgets::hint("What else the sampler and the pruner can be told");
  if (fields_shown_) {
    draw_fields(sampler_kinds(), model_.sampler);
    draw_fields(pruner_kinds(), model_.pruner);
  }
  draw_problem(SweepModel::kSampler);
}

template <class Kinds>
void SearchSection::draw_fields(const Kinds& kinds, const std::string& name) {
  ImGui::PushID(name.c_str());
  for (const FieldMeaning& field : std::ranges::find(kinds, name, [](const auto& kind) { return kind.name; })->fields) {
    ImGui::SetNextItemWidth(widgets::em(3.7f));
    ImGui::InputTextWithHint(field.name.c_str(), field.otherwise.c_str(), &model_.fields[name][field.name]);
    widgets::hint(fmt::format("{}: {} Empty: {}", name, field.meaning, field.otherwise));
  }
  ImGui::PopID();
}

void SearchSection::draw_objectives() {
  for (std::size_t i = 0; i < model_.objectives.size();) {
    ImGui::PushID(fmt::format("objective {}", i).c_str());
    if (draw_objective(model_.objectives[i]))
      ++i;
    else
      model_.objectives.erase(model_.objectives.begin() + static_cast<std::ptrdiff_t>(i));
    ImGui::PopID();
  }
  if (widgets::chip("another objective", false)) {
    std::vector<std::string> metrics = metrics_;
    metrics.insert(metrics.begin(), Sweep().objectives.front().metric);  // The one to begin with.
    const auto another = std::ranges::find_if(metrics, [&](const std::string& metric) {
      return std::ranges::find(model_.objectives, metric, &Sweep::Objective::metric) == model_.objectives.end();
    });
    if (another != metrics.end())
      model_.objectives.push_back({*another, lower_is_better(*another) ? Direction::minimize : Direction::maximize});
  }
  widgets::hint("Trials that no other beats in all of them are the best (Pareto front); without a pruner");
  draw_problem(SweepModel::kObjective);
}

/// False where it was taken away.
bool SearchSection::draw_objective(Sweep::Objective& objective) {
  using Take = Sweep::Objective::Take;
  int direction = objective.direction == Direction::minimize ? 0 : 1;
  ImGui::SetNextItemWidth(widgets::em(6));
  if (ImGui::Combo("##direction", &direction, "minimize\0maximize\0"))
    objective.direction = direction == 0 ? Direction::minimize : Direction::maximize;
  ImGui::SameLine(0, widgets::em(0.3f));
  int take = objective.take == Take::best ? 0 : 1;
  ImGui::SetNextItemWidth(widgets::em(3.9f));
  if (ImGui::Combo("##take", &take, "best\0last\0")) objective.take = take == 0 ? Take::best : Take::last;
  widgets::hint("Which of the values that a run logs is that of its trial");
  ImGui::SameLine(0, widgets::em(0.3f));
  const float end = ImGui::GetContentRegionAvail().x + ImGui::GetCursorPosX();
  ImGui::SetNextItemWidth(widgets::em(6.2f));
  if (ImGui::BeginCombo("##metric", objective.metric.c_str())) {
    for (const std::string& metric : metrics_)
      if (ImGui::Selectable(metric.c_str(), metric == objective.metric)) {
        objective.metric = metric;
        objective.direction = lower_is_better(metric) ? Direction::minimize : Direction::maximize;
      }
    ImGui::EndCombo();
  }
  if (model_.objectives.size() == 1) return true;
  ImGui::SameLine(end - widgets::em(1.2f));
  const bool removed = ImGui::SmallButton("×###remove");
  widgets::hint("Not looked at");
  return !removed;
}

void SearchSection::draw_budget() {
  draw_number("trials", model_.trials, "It is over after so many runs; empty: as many as the other limits allow");
  ImGui::SameLine();
  draw_number("hours", model_.hours, "It is over after so much training, summed over all runs; empty: no limit");
  ImGui::SameLine();
  draw_number("epochs", model_.epochs, "It is over after so many epochs, summed over all runs; empty: no limit");
  draw_problem(SweepModel::kBudget);
}

void SearchSection::draw_start(Workspace& workspace, const BuilderModel& builder, bool possible) {
  check(builder, *workspace.snapshot);
  if (taken_.contains(starting_) || workspace.error) starting_.clear();
  const bool good = checked_.sweep.has_value();
  if (good) {
    widgets::quiet_paragraph(sweep_words(*checked_.sweep) +
                             fmt::format(", {} at once", workspace.place.trials_at_once()));
    widgets::hint(space_words(checked_.sweep->space));
  } else if (checked_.problems.contains(SweepModel::kOther)) {
    draw_problem(SweepModel::kOther);
  } else {
    widgets::wrong_paragraph("It can start when what stands in red above is mended.");
  }
  ImGui::BeginDisabled(!good || !possible || !starting_.empty());
  ImGui::PushFont(workspace.bold, 0);
  const bool pressed = widgets::primary_button(starting_.empty() ? "Start sweep###start" : "Starting …###start", -1);
  ImGui::PopFont();
  ImGui::EndDisabled();
  if (!pressed) return;
  starting_ = checked_.sweep->name;
  workspace.actions->launch(*checked_.sweep, workspace.place);
}

}  // namespace ablate
