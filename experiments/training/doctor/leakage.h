#pragma once

#include "experiments/training/doctor/seen_data.h"

namespace ablate {

/// leakage: held-out pictures that are training pictures too, also mirrored, shifted, lighter, or compressed again.
void find_leakage(SeenData& data);

}  // namespace ablate
