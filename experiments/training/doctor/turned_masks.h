#pragma once

#include "experiments/training/doctor/attempts.h"

namespace ablate {

/// inverted-masks, of training samples that nothing could be learnt from: whether as many steps get far further with
/// those masks turned round that look like the others' negatives.
bool masks_are_turned(Attempts& attempts);

}  // namespace ablate
