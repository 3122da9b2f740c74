#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "viewers/panel.h"
#include "viewers/sweep_model.h"

namespace ablate {

/// What New experiment shows of a search: its ranges, how it goes on and how long, and the button that starts it.
/// Drawing thread only.
class SearchSection {
 public:
  std::string automatic_name(const BuilderModel& builder) const { return model_.automatic_name(builder, taken_); }
  /// Whether there is a range of it, which goes before the values it has.
  bool has_range(const std::string& key) const { return model_.find(key) != nullptr; }
  /// A search that was never touched begins with a range of the learning rate.
  void begin(const BuilderModel& builder);

  /// The choices.
  void draw(const BuilderModel& builder, const Snapshot& snapshot);
  /// What will be run, and the button; `possible`: nothing else keeps it from starting.
  void draw_start(Workspace& workspace, const BuilderModel& builder, bool possible);

  nlohmann::json state() const { return model_.to_json(); }
  void restore(const nlohmann::json& state) { model_.from_json(state); }

 private:
  /// Finds out what is wrong, where anything is another than it was.
  void check(const BuilderModel& builder, const Snapshot& snapshot);
  void draw_problem(const std::string& place) const;
  void draw_ranges(const BuilderModel& builder);
  bool draw_range(SweepModel::Range& range);
  void draw_method();
  template <class Kinds>
  void draw_fields(const Kinds& kinds, const std::string& name);
  void draw_objectives();
  bool draw_objective(Sweep::Objective& objective);
  void draw_budget();

  SweepModel model_;
  std::string find_text_;
  bool fields_shown_ = false;

  std::set<std::string> taken_;  ///< names of sweeps
  std::optional<std::pair<BuilderModel, SweepModel>> checked_of_;
  SweepModel::Checked checked_;
  std::vector<std::string> metrics_;  ///< that its runs log
  std::string starting_;              ///< asked for, and not there yet
};

}  // namespace ablate
