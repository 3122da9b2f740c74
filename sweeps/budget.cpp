#include "sweeps/budget.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "runs/text.h"
#include "sweeps/fields.h"

namespace ablate {

using nlohmann::ordered_json;

Budget Budget::from_json(const ordered_json& document, const std::string& where) {
  Fields fields(document, where);
  Budget budget;
  if (const auto trials = fields.whole("trials", 1, std::numeric_limits<int>::max()))
    budget.trials = static_cast<int>(*trials);
  budget.hours = fields.above_zero("hours");
  budget.epochs = fields.above_zero("epochs");
  fields.refuse_others();
  return budget;
}

ordered_json Budget::to_json() const {
  ordered_json document = ordered_json::object();
  if (trials) document["trials"] = *trials;
  if (hours) document["hours"] = *hours;
  if (epochs) document["epochs"] = *epochs;
  return document;
}

std::string Budget::words() const {
  std::vector<std::string> parts;
  if (trials) parts.push_back(counted(*trials, "trial"));
  if (hours) parts.push_back(counted(*hours, "hour"));
  if (epochs) parts.push_back(counted(*epochs, "epoch"));
  return fmt::format("{}", fmt::join(parts, ", "));
}

BudgetUse::BudgetUse(const Study& study) {
  const auto counts = [](const Trial& trial) { return !trial.system_attrs.contains("failed_trial"); };
  trials = static_cast<int>(std::ranges::count_if(study.trials, counts));
}

void BudgetUse::add(const RunStatus& run) {
  hours += run.training_seconds / 3600;
  epochs += run.epoch;
}

std::string BudgetUse::time_used_up(const Budget& budget) const {
  if (budget.hours && hours >= *budget.hours) return counted(*budget.hours, "hour");
  return budget.epochs && epochs >= *budget.epochs ? counted(*budget.epochs, "epoch") : "";
}

std::string BudgetUse::words(const Budget& budget) const {
  std::vector<std::string> parts;
  const auto say = [&](double used, const auto& limit, const char* what) {
    if (limit) parts.push_back(fmt::format("{:.3g} of {}", used, counted(*limit, what)));
  };
  if (budget.trials) parts.push_back(fmt::format("{} of {}", trials, counted(*budget.trials, "trial")));
  say(hours, budget.hours, "hour");
  say(epochs, budget.epochs, "epoch");
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace ablate
