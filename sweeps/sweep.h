#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "experiments/run_config.h"
#include "sweeps/budget.h"
#include "sweeps/search_space.h"
#include "sweeps/study.h"

namespace ablate {

/// What a sweep file asks for: {"name", "base": {…}, "space": {…}, "sampler": {"name", "seed", …}, "pruner": {"name",
/// …}, "objective": {"metric", "direction", "take"} or a list of them, "budget": {"trials", "hours", "epochs"},
/// "retries"}.
struct Sweep {
  struct Objective {
    std::string metric;  ///< a tag that runs log, "iou/val"
    Direction direction = Direction::maximize;
    enum class Take { last, best } take = Take::best;  ///< of the values that a run logs

    /// Of a metric that says nothing else: as is usual for it, and the best. Throws Error that begins with `where`.
    static Objective from_json(const nlohmann::ordered_json& json, const std::string& where);
    nlohmann::ordered_json to_json() const;
    bool operator==(const Objective&) const = default;
  };
  std::string name;
  nlohmann::json base = nlohmann::json::object();  ///< nested or dotted, as an experiment's; `space` goes before it
  SearchSpace space;
  nlohmann::json sampler = {{"name", "tpe"}};
  nlohmann::json pruner = {{"name", "none"}};
  std::vector<Objective> objectives = {{"iou/val", Direction::maximize, Objective::Take::best}};
  Budget budget;
  int retries = 2;  ///< how often a trial whose worker died without a checkpoint is tried again

  /// Everything is checked: throws Error that begins with `where` for unknown keys, values that can't be, a metric that
  /// is not logged, a budget of nothing, a sampler or pruner that can't work.
  static Sweep from_json(const nlohmann::ordered_json& json, const std::string& where);
  /// A file without a name has its own.
  static Sweep read(const std::filesystem::path& file);
  nlohmann::ordered_json to_json() const;

  /// The configuration of a trial. Throws Error where its parameters don't go together.
  RunConfig config(const Params& params) const;
  std::vector<Direction> directions() const;
  /// The longest that a trial may become, in steps; 0 where only the data can tell (epochs).
  Step total_steps() const;
};

}  // namespace ablate
