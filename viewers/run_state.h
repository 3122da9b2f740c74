#pragma once

#include <string>

#include "viewers/panel.h"

namespace ablate {

/// A state as a person says it: "done 22 s", "queued: 3rd", "failed".
std::string state_words(const RunView& run);
/// Something went wrong: shown in red.
bool is_bad(RunState state);
bool can_stop(const RunView& run);
bool can_resume(const RunView& run);
/// It trains or waits to, and is no range test, which goes through all rates.
bool can_change_lr(const RunView& run);
/// One of ours that has begun, and is no range test.
bool can_be_examined(const RunView& run);
/// Why a queued run has not begun: what its launcher knows, the run that it comes after, or how many start before it;
/// empty where nothing is known.
std::string why_it_waits(const Snapshot& snapshot, const RunView& run);

}  // namespace ablate
