#pragma once

#include "experiments/training/doctor/attempts.h"

namespace ablate {

/// missing-pooling: all convolutions of a forward pass work on pictures of one size, and a network that halves them
/// learns at least as well.
bool pooling_is_missing(Attempts& attempts);

/// underfitting: a larger network gets further in a few steps than this one in all of its own.
bool network_is_too_small(Attempts& attempts);

}  // namespace ablate
