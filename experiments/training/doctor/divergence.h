#pragma once

#include "experiments/training/doctor/attempts.h"

namespace ablate {

/// Of a run that a loss ended which was not finite: whether that comes back, and not at lower rates
/// (learning-rate-too-high) or with clipped gradients (exploding-gradients). not-finite is said in any case.
void why_it_diverged(Attempts& attempts);

}  // namespace ablate
