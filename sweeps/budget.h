#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "runs/run_status.h"
#include "sweeps/study.h"

namespace ablate {

/// A sweep is over when one of these is used up; what trains then goes on to its end.
struct Budget {
  std::optional<int> trials;     ///< of this program's and others', but for those that failed and were tried again
  std::optional<double> hours;   ///< of training, summed over all runs
  std::optional<double> epochs;  ///< likewise

  /// Throws Error that begins with `where`.
  static Budget from_json(const nlohmann::ordered_json& json, const std::string& where);
  nlohmann::ordered_json to_json() const;
  bool endless() const { return !trials && !hours && !epochs; }
  /// "10 trials, 1 hour"; empty for none.
  std::string words() const;
};

/// What a sweep's trials and their runs have used of a budget.
struct BudgetUse {
  int trials = 0;
  double hours = 0, epochs = 0;

  /// Its trials; of the runs nothing yet.
  explicit BudgetUse(const Study& study);
  void add(const RunStatus& run);

  bool trials_left(const Budget& budget) const { return !budget.trials || trials < *budget.trials; }
  /// "3 hours", "8 epochs": what of it is used up; empty where time is left, or none was set.
  std::string time_used_up(const Budget& budget) const;
  /// "4 of 10 trials, 0.2 of 1 hour"; empty where there is none.
  std::string words(const Budget& budget) const;
};

}  // namespace ablate
