#include "viewers/run_state.h"

#include "viewers/widgets.h"

namespace ablate {

std::string state_words(const RunStatus& status) {
  switch (status.state) {
    case RunState::queued:
      return "queued";
    case RunState::running:
      return status.step > 0 ? "training" : "starting";
    case RunState::completed:
      return status.training_seconds > 0 ? "done " + widgets::duration(status.training_seconds) : "done";
    case RunState::stopped:
      return status.step > 0 ? "stopped at " + std::to_string(status.step) : "stopped";
    case RunState::failed:
      return "failed";
    case RunState::diverged:
      return "diverged";
    case RunState::pruned:
      return "pruned";
    case RunState::interrupted:
      return "interrupted";
    case RunState::foreign:
      return "log only";
  }
  return "";
}

bool is_bad(RunState state) {
  return state == RunState::failed || state == RunState::diverged || state == RunState::interrupted;
}

bool can_stop(const RunView& run) {
  return run.info.status.state == RunState::queued || run.info.status.state == RunState::running;
}

bool can_resume(const RunView& run) {
  const RunState state = run.info.status.state;
  return state == RunState::stopped || state == RunState::interrupted || state == RunState::failed ||
         state == RunState::diverged;
}

}  // namespace ablate
