#pragma once

#include "sweeps/fields.h"
#include "sweeps/pruners/pruner.h"

namespace ablate {

/// Prunes a trial that no longer improves: the best of its last patience + 1 reports is worse, by more than min_delta,
/// than the best before them. As Optuna's PatientPruner. NaN is left out; where only NaN is left on one side nothing is
/// pruned.
///
/// Fields: "patience" (5), in reports; "min_delta" (0); "pruner": another pruner, which then decides instead, for
/// trials that no longer improve alone.
std::unique_ptr<Pruner> make_patience_pruner(Fields& fields, Step total_steps);

}  // namespace ablate
