#pragma once

#include "sweeps/pruners/fields.h"
#include "sweeps/pruners/pruner.h"

namespace ablate {

/// Every trial runs to its end. No fields; takes several objectives.
std::unique_ptr<Pruner> make_none_pruner(PrunerFields& fields, Step total_steps);

}  // namespace ablate
