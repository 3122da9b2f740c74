#pragma once

#include <memory>

#include "viewers/panel.h"

namespace ablate {

/// The end of what the selected run's worker printed, and what can be done with that run.
std::unique_ptr<Panel> make_console_panel();

}  // namespace ablate
