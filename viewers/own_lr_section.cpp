#include "viewers/own_lr_section.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <imgui.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "experiments/lr_suggest.h"
#include "runs/error.h"
#include "sweeps/finder_sweep.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

bool is_range_test(const std::shared_ptr<const RunView>& run) { return run->info.status.range_test.is_object(); }

std::vector<RunInfo> range_tests_of(const Snapshot& snapshot) {
  std::vector<RunInfo> tests;
  for (const auto& run : snapshot.runs)
    if (is_range_test(run)) tests.push_back(run->info);
  return tests;
}

}  // namespace

void OwnLrSection::draw(const BuilderModel& builder, const Snapshot& snapshot) {
  if (std::ranges::none_of(snapshot.runs, is_range_test)) return clear();
  ImGui::SetNextItemWidth(widgets::em(12));
  if (ImGui::BeginCombo("learning rate of each", rule_.empty() ? "as typed above" : ("its own: " + rule_).c_str())) {
    if (ImGui::Selectable("as typed above", rule_.empty())) clear();
    for (const std::string& rule : lr_rules())
      if (ImGui::Selectable(("its own: " + rule).c_str(), rule_ == rule)) rule_ = rule;
    ImGui::EndCombo();
  }
  widgets::hint("What the range tests of that variant suggest; of several seeds the median");
  if (rule_.empty()) return;
  find(builder, snapshot);
  if (problem_.empty())
    widgets::quiet_paragraph(told_);
  else
    widgets::wrong_paragraph(problem_);
}

void OwnLrSection::find(const BuilderModel& builder, const Snapshot& snapshot) {
  auto of = std::tuple(builder, rule_, snapshot.version);
  if (found_of_ == of) return;
  found_of_ = std::move(of);
  told_.clear();
  problem_.clear();
  try {
    told_ = fmt::format("{}", fmt::join(own_rates(builder.experiment(), rule_, range_tests_of(snapshot)).told, "\n"));
  } catch (const Error& error) {
    problem_ = error.what();
  }
}

Experiment OwnLrSection::experiment(const BuilderModel& builder, const Snapshot& snapshot) const {
  return rule_.empty() ? builder.experiment()
                       : own_rates(builder.experiment(), rule_, range_tests_of(snapshot)).experiment;
}

}  // namespace ablate
