#pragma once

#include <memory>

#include "viewers/panel.h"

namespace ablate {

inline constexpr const char* kSweepPanel = "Sweep";

/// One sweep at a time, seen in several ways, and what can be done with it.
std::unique_ptr<Panel> make_sweep_panel();

}  // namespace ablate
