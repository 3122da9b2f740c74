#pragma once

#include <optional>

#include "experiments/training/doctor/eval_gap.h"

namespace ablate {

/// Whether any module is called at more than one place.
bool norms_are_shared(const EvalGap& gap);

/// shared-norm: buffers of each place's own bring back more than half of the loss. Its confidence is that part.
std::optional<Finding> sharing_explains(EvalGap& gap);

/// shared-norm of what was one module and has been loaded into several: the same statistics in each of them, bit for
/// bit. Whether their own bring back more than half of the loss.
std::optional<Finding> twins_explain(EvalGap& gap);

/// Adds what each shared module costs alone, with all others cured, and names the costliest.
void blame_shared_modules(EvalGap& gap, Finding& finding);

}  // namespace ablate
