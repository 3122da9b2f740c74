#pragma once

#include <memory>

#include "sweeps/samplers/sampler.h"

namespace ablate {

/// A Sobol sequence (Sobol 1967; direction numbers of Joe and Kuo), which covers the space more evenly than random
/// points, with a random digital shift by `seed`. The trial's number is its place in the sequence. Each parameter has
/// a dimension of its own, also where it exists only sometimes; a categorical one splits it evenly. Fields: "seed".
std::unique_ptr<Sampler> make_sobol_sampler(const SearchSpace& space, Fields& fields,
                                            const std::vector<Direction>& directions);

}  // namespace ablate
