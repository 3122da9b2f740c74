#pragma once

#include <memory>

#include "sweeps/samplers/sampler.h"

namespace ablate {

/// Every combination once, drawn from those that are left: in the file's order values of the first parameter would meet
/// late, and a pruner would compare what is alike (Optuna's GridSampler shuffles, too). A parameter that does not exist
/// for a combination does not multiply it. What any trial of the study has is not proposed again, of whatever state it
/// is: a combination that fails would fail for ever (as in Optuna). Fields: "seed". Throws Error for a continuous range
/// without a step.
std::unique_ptr<Sampler> make_grid_sampler(const SearchSpace& space, Fields& fields,
                                           const std::vector<Direction>& directions);

}  // namespace ablate
