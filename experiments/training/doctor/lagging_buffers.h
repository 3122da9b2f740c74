#pragma once

#include <optional>

#include "experiments/training/doctor/eval_gap.h"

namespace ablate {

/// What training has made so far: see Patient.
struct TrainingSoFar {
  Step forwards = 0;
  bool over = true;
};

/// Whether re-estimated buffers, with which eval mode gets to `recalibrated`, cure it.
bool lag_explains(EvalGap& gap, double recalibrated);

/// Why buffers fit no more that do once they are re-estimated: missing-buffers where filling in those that are as they
/// were made does it, statistics-only-forwards where they were moved more often than training did, norm-lag where they
/// follow slowly and more than .05 is lost. Where moving them on with the weights standing still cures it, the weights
/// move too fast (learning-rate-too-high), or batches are of four images and fewer (small-batch-norm).
void why_they_lag(EvalGap& gap, double recalibrated, const TrainingSoFar& so_far, Diagnosis& diagnosis);

/// Of a network that eval mode does no harm: whether its buffers were moved by more than its training batches all the
/// same. `forwards`: how many those were; 0: not known.
std::optional<Finding> moved_too_often(EvalGap& gap, Step forwards);

}  // namespace ablate
