#pragma once

#include <memory>

#include "sweeps/samplers/sampler.h"

namespace ablate {

/// Every combination once, in an order drawn by "seed": in the file's, values of the first parameter would meet one
/// another late, and a pruner would compare the wrong ones (Optuna's GridSampler shuffles, too). A parameter that does
/// not exist for a combination does not multiply it. What any trial of the study has is not proposed again, of whatever
/// state it is: a combination that fails would fail for ever (as in Optuna). Fields: "seed". Throws Error for a
/// continuous range without a step, and for more than a million combinations.
std::unique_ptr<Sampler> make_grid_sampler(const SearchSpace& space, Fields& fields,
                                           const std::vector<Direction>& directions);

}  // namespace ablate
