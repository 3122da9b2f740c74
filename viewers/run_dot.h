#pragma once

#include "viewers/panel.h"

namespace ablate {

/// A run's dot in its colour, hollow when the run is hidden: pressed it shows or hides the run, dragged onto another's
/// it gives that run its colour.
void draw_run_dot(Workspace& workspace, const RunView& run);

}  // namespace ablate
