#pragma once

#include <string>

#include "viewers/panel.h"

namespace ablate {

/// A state as a person says it: "done 22 s", "queued", "failed".
std::string state_words(const RunStatus& status);
/// Something went wrong: shown in red.
bool is_bad(RunState state);
bool can_stop(const RunView& run);
bool can_resume(const RunView& run);

}  // namespace ablate
