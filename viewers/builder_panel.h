#pragma once

#include <memory>

#include "viewers/panel.h"

namespace ablate {

/// "New experiment": a base, the values to vary as chips, and the button that launches the runs this makes.
std::unique_ptr<Panel> make_builder_panel();

}  // namespace ablate
