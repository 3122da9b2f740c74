#pragma once

#include <optional>

#include "experiments/training/doctor/attempts.h"
#include "experiments/training/doctor/eval_gap.h"

namespace ablate {

/// small-batch-norm: train mode loses as much as soon as its batches are larger. Where that can't be tested, or is not
/// so, the reason is put into `why_not`.
std::optional<Finding> small_batches_explain(EvalGap& gap, std::string& why_not);

/// The same of a network with few images in a batch and norms at one place each: what training data lose by running
/// statistics, however well they are estimated, and what lag loses explain the loss together.
std::optional<Finding> few_images_explain(EvalGap& gap, double recalibrated);

/// The finding of a network whose batches are so small that weights and statistics jump about: between these values of
/// the metric as the statistics alone are moved on.
Finding small_batches_jump(const EvalGap& gap, double lowest, double highest, double part);

/// small-batch-norm of a network that eval mode does no harm, and which its batches keep from learning: whether steps
/// that go on from its weights get further with larger batches, and not with as many images in several small ones.
bool batches_are_too_small(Attempts& attempts);

}  // namespace ablate
