#pragma once

#include "sweeps/fields.h"
#include "sweeps/pruners/pruner.h"

namespace ablate {

/// Prunes a trial whose best value so far is worse than the p-th percentile of what the complete trials reported at
/// that very step; with p = 50, their median. As Optuna's PercentilePruner and MedianPruner, which is that of Vizier
/// (Golovin et al. 2017) with complete trials alone. The percentile is interpolated linearly between values, counted
/// from the best.
///
/// NaN: a trial that reported nothing else is pruned; those of other trials are left out.
///
/// Fields: "percentile" (50, within [0, 100]); "n_startup_trials" (5): complete trials before anything is pruned;
/// "n_warmup_steps" (0): the first step at which anything is; "interval_steps" (1): from there on only the first report
/// of each such interval is judged; "n_min_trials" (1): how many complete trials have to have reported at that step.
std::unique_ptr<Pruner> make_median_pruner(Fields& fields, Step total_steps);

}  // namespace ablate
