#pragma once

#include "experiments/training/doctor/attempts.h"

namespace ablate {

/// layers-not-updated: layers that have, bit for bit, the weights that the run began with, although a training step of
/// a copy (`now`) moves them. Some of them: where all are as they were, a learning rate of 0 may have kept them.
bool layers_never_moved(Attempts& attempts, const SeenStep& now);

}  // namespace ablate
