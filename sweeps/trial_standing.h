#pragma once

#include <string_view>

#include "runs/run_status.h"
#include "sweeps/study.h"

namespace ablate {

/// How a trial stands, in a word: "complete", "pruned", "failed", "waiting" (for somebody to take it), "paused" (at a
/// rung); one that is open in the journal as its run does, "running", "queued", "stopped", "interrupted", …: trials of
/// a sweep that was stopped stay RUNNING there, since they go on when it does. `run`: nullptr where there is none.
std::string_view standing_of(const Trial& trial, const RunStatus* run);

/// How long it has trained, whatever it waited for between; of a trial without a run from its start to its end, or to
/// `now` (Unix time). NaN where that is not known.
double trained_seconds(const Trial& trial, const RunStatus* run, double now);

}  // namespace ablate
