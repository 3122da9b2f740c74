#pragma once

#include "experiments/training/doctor/attempts.h"

namespace ablate {

/// exploding-gradients: at the start the gradient is far larger than the weights, and clipping it (or a norm) gets
/// further.
bool gradients_explode(Attempts& attempts);

/// Of a run that diverged: whether clipping (or a norm) stays finite, and gets as far as the best lower learning rate
/// and further than its own settings. nullopt: there is no such rehearsal. `line`: what is known of its own settings.
void gradients_exploded(Attempts& attempts, const std::optional<Rehearsal>& as_it_is,
                        const std::optional<Rehearsal>& lower, const std::string& line);

/// vanishing-gradients: 40 steps with a norm, or with a norm and ReLU, get further; dead-units: a layer is given hardly
/// anything but zeros, and another activation gets further. `now`: a step of the run as it is.
bool gradients_vanish(Attempts& attempts, const SeenStep& now);

}  // namespace ablate
