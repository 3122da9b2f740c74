#include "sweeps/samplers/sampler.h"

#include <algorithm>
#include <cmath>

namespace ablate {

std::uint64_t seed_of(Fields& fields) { return static_cast<std::uint64_t>(fields.whole("seed", 0).value_or(0)); }

std::mt19937_64 generator_for(std::uint64_t seed, int number) {
  std::seed_seq words{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                      static_cast<std::uint32_t>(number)};
  return std::mt19937_64(words);
}

Params random_params(const SearchSpace& space, std::mt19937_64& generator) {
  std::uniform_real_distribution<double> uniform;
  Params params;
  for (const Parameter& parameter : space.parameters())
    if (SearchSpace::active(parameter, params))
      params[parameter.key] = value_at(parameter.distribution, uniform(generator));
  return params;
}

double value_at(const Distribution& distribution, double u) {
  if (distribution.type == Distribution::Type::categorical) {
    const double count = static_cast<double>(distribution.choices.size());
    return std::min(std::floor(u * count), count - 1);
  }
  if (distribution.low == distribution.high) return distribution.low;
  const double beyond = distribution.step.value_or(0) / 2;
  const double low = distribution.low - beyond, high = distribution.high + beyond;
  return distribution.nearest(distribution.log ? std::exp(std::lerp(std::log(low), std::log(high), u))
                                               : std::lerp(low, high, u));
}

}  // namespace ablate
