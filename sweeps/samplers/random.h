#pragma once

#include <memory>

#include "sweeps/samplers/sampler.h"

namespace ablate {

/// Every trial by itself: each parameter uniformly over its range. Fields: "seed".
std::unique_ptr<Sampler> make_random_sampler(const SearchSpace& space, Fields& fields,
                                             const std::vector<Direction>& directions);

}  // namespace ablate
