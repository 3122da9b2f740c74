#include "viewers/run_state.h"

#include <fmt/format.h>

#include <algorithm>

#include "viewers/widgets.h"

namespace ablate {
namespace {

/// "queued: 3rd".
std::string queued_words(int place) {
  const int last = place % 100 / 10 == 1 ? 0 : place % 10;
  return fmt::format("queued: {}{}", place, last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th");
}

}  // namespace

std::string state_words(const RunView& run) {
  const RunStatus& status = run.info.status;
  switch (status.state) {
    case RunState::queued:
      return run.queue_place == 0 ? "queued" : run.queue_place == 1 ? "queued: next" : queued_words(run.queue_place);
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

bool can_change_lr(const RunView& run) {
  return can_stop(run) && run.config && run.config->text("lr_find.procedure") == "none";
}

bool can_be_examined(const RunView& run) {
  return run.config && run.info.status.state != RunState::queued && run.config->text("lr_find.procedure") == "none";
}

std::string why_it_waits(const Snapshot& snapshot, const RunView& run) {
  const RunStatus& status = run.info.status;
  if (status.state != RunState::queued || !status.waiting.empty()) return status.waiting;
  if (!run.after.empty()) {
    const auto first =
        std::ranges::find(snapshot.runs, run.root / run.after, [](const auto& r) { return r->info.folder; });
    if (first != snapshot.runs.end() && (*first)->info.status.state != RunState::completed)
      return fmt::format("It begins when {} is completed.", (*first)->info.name);
  }
  if (run.queue_place == 0) return "";
  if (run.queue_place == 1) return "It begins as soon as there is a place.";
  return fmt::format("{} {} before it.", run.queue_place - 1, run.queue_place == 2 ? "run begins" : "runs begin");
}

}  // namespace ablate
