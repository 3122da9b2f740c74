#pragma once

#include <memory>

#include "sweeps/samplers/sampler.h"

namespace ablate {

/// Every combination once, the last parameter changing fastest; a parameter that does not exist for a combination does
/// not multiply it. What any trial of the study has is not proposed again, of whatever state it is: a combination that
/// fails would fail for ever (Optuna's GridSampler leaves it, too). Fields: none ("seed" changes nothing). Throws Error
/// for a continuous range without a step.
std::unique_ptr<Sampler> make_grid_sampler(const SearchSpace& space, Fields& fields,
                                           const std::vector<Direction>& directions);

}  // namespace ablate
