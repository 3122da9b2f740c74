#pragma once

#include <memory>

#include "viewers/panel.h"

namespace ablate {

/// Input, target and each shown run's prediction side by side, at any step that was kept.
std::unique_ptr<Panel> make_masks_panel();

}  // namespace ablate
