#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "experiments/training/validation.h"
#include "runs/run_store.h"

namespace ablate {

/// What a look at a network's norms gave.
struct Diagnosis {
  std::optional<double>
      recalibrated;               ///< primary metric in eval mode with re-estimated buffers; nullopt without buffers
  std::vector<Finding> findings;  ///< the most likely first; empty when nothing is wrong
  /// What was measured, and what could not be and why: a line each, also where nothing is wrong.
  std::vector<std::string> tests, untested;
};

/// Told what is tested next, for people.
using TellTest = std::function<void(const std::string& test)>;

/// Finds out why eval mode is worse than train mode on the same weights, for any network of any task:
/// which modules are called at more than one place, whether training data fares the same, whether re-estimated buffers
/// cure it (norm-lag), whether buffers of each place's own do (shared-norm), and which layers cost most. Verdicts come
/// from these interventions alone: what brings back more than three quarters of the loss has cured it. Buffers are
/// re-estimated on at most 60 training batches. Networks are left as they were, bit for bit.
/// `held_out` and `training` are not augmented; `tolerance` is the difference in the primary metric that is not worth a
/// word.
Diagnosis diagnose(Task& task, FixedBatches& held_out, FixedBatches& training, const TellTest& tell = {},
                   double tolerance = 0.02);

}  // namespace ablate
