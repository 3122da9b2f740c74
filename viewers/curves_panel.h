#pragma once

#include <memory>

#include "viewers/panel.h"

namespace ablate {

/// Scalars of the shown runs over steps or time: smoothing, log axis, one crosshair through all plots.
std::unique_ptr<Panel> make_curves_panel();

}  // namespace ablate
