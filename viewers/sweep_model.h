#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "experiments/catalogue.h"
#include "sweeps/sweep.h"
#include "viewers/builder_model.h"

namespace ablate {

/// How a new experiment is searched: what a sweep asks for beside its base. Options of the BuilderModel that have
/// several values are categories of the search; a range, where there is one of that option, goes before.
class SweepModel {
 public:
  /// Of one option, as typed: what can't be understood is said by check.
  struct Range {
    std::string key;
    std::string low, high;
    std::string step;  ///< empty: continuous, or whole numbers
    bool log = false;
    bool operator==(const Range&) const = default;
  };
  std::vector<Range> ranges;
  std::string sampler = "tpe", pruner = "asha";
  /// By sampler or pruner and its field, as typed; empty: as it is without.
  std::map<std::string, std::map<std::string, std::string>> fields;
  std::vector<Sweep::Objective> objectives = Sweep().objectives;  ///< at least one
  std::string trials = "32", hours, epochs;                       ///< as typed; empty: no limit of that kind

  /// Whether the option takes numbers.
  static bool can_range(const Option& option);
  /// From the catalogue's limits where they are close, else around the value that it has now.
  static Range proposed(const Option& option, const nlohmann::json& value);
  const Range* find(const std::string& key) const;

  /// After what is searched, and none of `taken`: "lr-norm", "lr-norm-2".
  std::string automatic_name(const BuilderModel& builder, const std::set<std::string>& taken) const;

  /// Where a problem belongs; a range's is under its key.
  static constexpr const char *kName = "name", *kSpace = "space", *kSampler = "sampler", *kObjective = "objective",
                              *kBudget = "budget", *kOther = "";
  struct Checked {
    std::optional<Sweep> sweep;                   ///< nullopt where there is a problem
    std::map<std::string, std::string> problems;  ///< by place
  };
  /// `taken`: names of the sweeps that there are.
  Checked check(const BuilderModel& builder, const std::set<std::string>& taken) const;

  nlohmann::json to_json() const;
  /// What it can't use keeps its default.
  void from_json(const nlohmann::json& json);
  bool operator==(const SweepModel&) const = default;

 private:
  nlohmann::ordered_json space(const BuilderModel& builder) const;
  nlohmann::ordered_json with_fields(const std::string& name) const;
};

/// "32 trials, tpe, asha, to maximize iou/val"; of a grid how many combinations there are.
std::string sweep_words(const Sweep& sweep);
/// What it searches, a line a parameter: "optimizer.lr from 0.0001 to 0.01, log", "model.norm: batch, instance".
std::string space_words(const SearchSpace& space);

}  // namespace ablate
