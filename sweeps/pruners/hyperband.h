#pragma once

#include "sweeps/fields.h"
#include "sweeps/pruners/pruner.h"

namespace ablate {

/// Hyperband (Li et al. 2017), as Optuna's HyperbandPruner with the whole run as max_resource: of the trials, some are
/// in a bracket that asks for results early, others in one that waits. Bracket b of B = ⌊log_η(total steps /
/// min_resource)⌋ + 1, η the reduction_factor, is asha.h with min_early_stopping_rate b, among its own trials alone. A
/// trial belongs to a bracket by crc32("<study's name>_<number>") modulo the sum of the brackets' shares ⌈B η^s / (s +
/// 1)⌉, s = B − 1 − b.
///
/// Fields: "min_resource" (or "auto": ⌈total steps / reduction_factor³⌉, for three or four brackets);
/// "reduction_factor" (3); "bootstrap_count" (0), as asha.h has it.
std::unique_ptr<Pruner> make_hyperband_pruner(Fields& fields, Step total_steps);

}  // namespace ablate
