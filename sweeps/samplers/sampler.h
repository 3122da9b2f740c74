#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "sweeps/fields.h"
#include "sweeps/search_space.h"
#include "sweeps/study.h"

namespace ablate {

/// Proposes parameters. The same for the same seed, study and trial number, so that a sweep that was killed goes on as
/// it would have. One thread at a time.
class Sampler {
 public:
  virtual ~Sampler() = default;
  /// A value for every parameter of the space that exists beside the others, each allowed by its distribution; nullopt
  /// when there is nothing left to try (grid). `number`: of the trial to be made. Calls are about one study that only
  /// grows, so that a sampler may remember what it made of trials that have finished.
  virtual std::optional<Params> suggest(const Study& study, int number) = 0;
};

/// What "sampler" of a sweep file may name, in the order in which a person reads them; each with one line of meaning.
struct SamplerKind {
  std::string name;     ///< "grid", "random", "sobol", "tpe", "gp"
  std::string meaning;  ///< one sentence
  std::vector<FieldMeaning> fields;
};
const std::vector<SamplerKind>& sampler_kinds();

/// By {"name", "seed", …}: what else each takes is said in its header. `seed` is 0 where it is missing. Throws Error
/// for an unknown name or field (with the nearest), or one that can't work with this space (a grid of a continuous
/// range without a step) or with several objectives.
std::unique_ptr<Sampler> make_sampler(const SearchSpace& space, const nlohmann::json& sampler,
                                      const std::vector<Direction>& directions);

/// "seed": 0 where it is missing. Throws Error for what is no whole number from 0 on.
std::uint64_t seed_of(Fields& fields);

/// A generator for one trial, by seed and number alone.
std::mt19937_64 generator_for(std::uint64_t seed, int number);

/// Every parameter that exists, drawn by itself, uniformly (or log-uniformly).
Params random_params(const SearchSpace& space, std::mt19937_64& generator);
/// One value of a distribution for u uniform in [0, 1): monotone in u, all values of a grid equally likely as Optuna
/// has them (half a step beyond both ends, in the logarithm where log).
double value_at(const Distribution& distribution, double u);

}  // namespace ablate
