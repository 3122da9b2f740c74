#pragma once

#include "experiments/training/doctor/seen_data.h"

namespace ablate {

/// colour-shortcut: predictions that are lost once colours or light change, where colour alone tells as much.
void find_colour_shortcut(SeenData& data);

}  // namespace ablate
