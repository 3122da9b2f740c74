#pragma once

#include "sweeps/samplers/sampler.h"

namespace ablate {

/// A space of up to nine parameters of every kind, some of which depend on others.
SearchSpace random_space(std::mt19937_64& generator);

/// The trial that was made of `params`.
Trial trial_of(const SearchSpace& space, const Params& params, int number);

/// That `params` has a value, allowed, for exactly the parameters that exist beside the others.
void expect_complete(const SearchSpace& space, const Params& params);

/// A study of `count` trials that `sampler` proposed, with made-up values; some were pruned, failed or run still.
Study study_of(const SearchSpace& space, Sampler& sampler, int count, const std::vector<Direction>& directions,
               std::mt19937_64& generator);

Distribution real(double low, double high, bool log = false, std::optional<double> step = {});
Distribution integer(double low, double high, bool log = false, double step = 1);
Distribution choices(std::vector<nlohmann::json> values);

}  // namespace ablate
