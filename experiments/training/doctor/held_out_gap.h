#pragma once

#include "experiments/training/doctor/seen_data.h"

namespace ablate {

/// Why held-out samples are predicted worse than training samples:
/// - input-normalisation: they get predicted as well once they are prepared otherwise (the training pictures' mean and
///   range, another gamma, red for blue, their negative);
/// - domain-shift: they differ from training pictures (in colours, light, sharpness, or the size of what is in them),
///   and are not cured so;
/// - overfitting: they don't differ.
void why_held_out_is_worse(SeenData& data);

}  // namespace ablate
