#pragma once

#include "sweeps/fields.h"
#include "sweeps/pruners/pruner.h"

namespace ablate {

/// Every trial runs to its end. No fields; takes several objectives.
std::unique_ptr<Pruner> make_none_pruner(Fields& fields, Step total_steps);

}  // namespace ablate
