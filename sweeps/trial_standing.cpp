#include "sweeps/trial_standing.h"

#include <algorithm>
#include <limits>

namespace ablate {

std::string_view standing_of(const Trial& trial, const RunStatus* run) {
  switch (trial.state) {
    case TrialState::running:
      if (trial.paused()) return "paused";
      if (run == nullptr) return "running";
      return run->state == RunState::completed ? "complete" : name_of(run->state);
    case TrialState::complete:
      return "complete";
    case TrialState::pruned:
      return "pruned";
    case TrialState::fail:
      return "failed";
    case TrialState::waiting:
      return "waiting";
  }
  return "";
}

double trained_seconds(const Trial& trial, const RunStatus* run, double now) {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  if (trial.started_seconds <= 0) return kUnknown;
  if (run != nullptr) return run->training_seconds;
  if (trial.ended_seconds > 0) return std::max(0.0, trial.ended_seconds - trial.started_seconds);
  return trial.run().empty() ? std::max(0.0, now - trial.started_seconds) : kUnknown;
}

}  // namespace ablate
