#pragma once

#include <memory>

#include "viewers/panel.h"

namespace ablate {

/// The list of runs: colour (press to hide or show), name, state, last metrics; filter, selection, and what can be done
/// with a run.
std::unique_ptr<Panel> make_runs_panel();

}  // namespace ablate
