#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "runs/types.h"
#include "sweeps/distribution.h"
#include "sweeps/search_space.h"

namespace ablate {

/// As Optuna numbers them in a journal.
enum class TrialState { running = 0, complete = 1, pruned = 2, fail = 3, waiting = 4 };
std::string_view name_of(TrialState state);  ///< "RUNNING", … as Optuna writes it
inline bool finished(TrialState state) { return state != TrialState::running && state != TrialState::waiting; }

enum class Direction { not_set = 0, minimize = 1, maximize = 2 };

/// One evaluation of the objective(s): Optuna's FrozenTrial.
struct Trial {
  std::int64_t id = 0;  ///< within the journal
  int number = 0;       ///< within its study, from 0
  TrialState state = TrialState::running;
  Params params;
  std::map<std::string, std::shared_ptr<const Distribution>> distributions;  ///< of each of `params`
  std::vector<double> values;           ///< one an objective; empty where there is none
  std::map<Step, double> intermediate;  ///< reported while it ran; may hold NaN and infinities
  nlohmann::json user_attrs = nlohmann::json::object();
  nlohmann::json system_attrs = nlohmann::json::object();
  double started_seconds = 0;  ///< Unix time; 0: not yet
  double ended_seconds = 0;

  /// The run folder that it is, as an id below the root (user attribute "run"); empty for another program's trial.
  std::string run() const;
  /// Whether it waits at a rung for more budget (user attribute "paused_at": the step; null again when it goes on).
  bool paused() const;
  nlohmann::json external_params() const;
};

/// Optuna's study.
struct Study {
  std::int64_t id = 0;
  std::string name;
  std::vector<Direction> directions;  ///< at least one
  nlohmann::json user_attrs = nlohmann::json::object();
  nlohmann::json system_attrs = nlohmann::json::object();
  std::vector<Trial> trials;  ///< by number

  /// Whether value `a` of the first objective is better than `b`; NaN is worse than everything.
  bool better(double a, double b) const;
  /// The numbers of its best complete trials: of one objective the first best, of several the Pareto front.
  std::vector<int> best() const;
};

/// Whether `a` is nowhere worse than `b` and somewhere better. Both have one value a direction.
bool dominates(const std::vector<double>& a, const std::vector<double>& b, const std::vector<Direction>& directions);

}  // namespace ablate
