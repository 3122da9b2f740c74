#pragma once

#include <optional>

#include "experiments/training/doctor/diagnosis.h"
#include "experiments/training/validation.h"

namespace ablate {

/// Finds out why eval mode is worse than train mode on the same weights, for any network of any task:
/// which modules are called at more than one place, whether training data fares the same, whether re-estimated buffers
/// cure it (norm-lag, where more than .05 is lost; missing-buffers where filling in those that are as they were made
/// does, statistics-only-forwards where they were moved
/// more often than the `forwards` passes that training made, 0: not known), whether moving them on while the weights
/// stand still does (learning-rate-too-high; with batches of four images and fewer small-batch-norm), whether buffers
/// of each place's own do (shared-norm), whether train mode loses as much as soon as its batches are larger
/// (small-batch-norm), and which layers cost most. What brings back more than three quarters of the loss has cured it.
/// Buffers are re-estimated on at most 60 training batches. Networks are left as they were, bit for bit.
/// The samples are not augmented, `training` is in batches as the run trains with; `over`: whether the run has made its
/// steps, else statistics that weights outrun may catch up yet; `tolerance` is the difference in the primary metric
/// that is not worth a word.
Diagnosis diagnose_norms(Task& task, FixedBatches& held_out, FixedBatches& training, Step forwards, bool over,
                         const TellTest& tell = {}, double tolerance = 0.02);

/// The shared-norm finding alone, by fewer samples and without what each module costs: for a run that waits for it.
/// nullopt where something else makes eval mode worse, or nothing does.
std::optional<Finding> find_shared_norm(Task& task, FixedBatches& held_out, FixedBatches& training);

}  // namespace ablate
