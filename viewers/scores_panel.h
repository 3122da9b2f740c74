#pragma once

#include <memory>

#include "viewers/panel.h"

namespace ablate {

/// What `ablate evaluate` found of the shown runs: metrics by runs, of a set, and of any stratum of it.
std::unique_ptr<Panel> make_scores_panel();

}  // namespace ablate
