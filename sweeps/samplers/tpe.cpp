#include "sweeps/samplers/tpe.h"

#include <algorithm>

#include "runs/error.h"
#include "sweeps/samplers/parzen.h"
#include "sweeps/samplers/tpe_history.h"

namespace ablate {
namespace {

struct TpeOptions {
  std::uint64_t seed;
  std::size_t startup_trials, candidates;
  bool multivariate, group, constant_liar;
};

class TpeSampler final : public Sampler {
 public:
  TpeSampler(SearchSpace space, const TpeOptions& options)
      : space_(std::move(space)), options_(options), history_(space_) {}

  std::optional<Params> suggest(const Study& study, int number) override {
    std::mt19937_64 generator = generator_for(options_.seed, number);
    history_.follow(study, number);
    if (history_.ranked().size() < options_.startup_trials) return random_params(space_, generator);
    const TpeSplit split = split_trials(study, history_, options_.constant_liar);

    std::vector<std::optional<double>> proposed(space_.parameters().size());
    Params params;
    for (std::size_t i = 0; i < proposed.size(); ++i) {
      const Parameter& parameter = space_.parameters()[i];
      if (!SearchSpace::active(parameter, params)) continue;
      if (parameter.distribution.count() == 1) proposed[i] = parameter.distribution.value(0);
      if (!proposed[i]) propose(split, block_of(i), generator, proposed);
      params[parameter.key] = *proposed[i];
    }
    return params;
  }

 private:
  /// The parameters that share a density with this one, and itself.
  std::vector<std::size_t> block_of(std::size_t parameter) const {
    const bool shares = options_.multivariate && (options_.group || history_.always_there(parameter));
    return shares ? history_.group_of(parameter) : std::vector{parameter};
  }

  void propose(const TpeSplit& split, const std::vector<std::size_t>& block, std::mt19937_64& generator,
               std::vector<std::optional<double>>& proposed) const {
    const ParzenEstimator good = history_.density(split.good, block, split.good_weights);
    const ParzenEstimator other = history_.density(split.other, block, TpeWeights::recent);
    std::vector<std::vector<double>> candidates(options_.candidates);
    std::ranges::generate(candidates, [&] { return good.sample(generator); });
    const std::vector<double> good_densities = good.log_densities(candidates);
    const std::vector<double> other_densities = other.log_densities(candidates);
    std::size_t best = 0;
    for (std::size_t i = 1; i < candidates.size(); ++i)
      if (good_densities[i] - other_densities[i] > good_densities[best] - other_densities[best]) best = i;
    for (std::size_t i = 0; i < block.size(); ++i) proposed[block[i]] = candidates[best][i];
  }

  SearchSpace space_;
  TpeOptions options_;
  TpeHistory history_;
};

}  // namespace

std::unique_ptr<Sampler> make_tpe_sampler(const SearchSpace& space, Fields& fields, const std::vector<Direction>&) {
  TpeOptions options{};
  options.seed = seed_of(fields);
  options.startup_trials = static_cast<std::size_t>(fields.whole("n_startup_trials", 1).value_or(10));
  options.candidates = static_cast<std::size_t>(fields.whole("n_ei_candidates", 1).value_or(24));
  options.multivariate = fields.flag("multivariate").value_or(true);
  options.group = fields.flag("group").value_or(options.multivariate);
  options.constant_liar = fields.flag("constant_liar").value_or(true);
  if (options.group && !options.multivariate)
    throw Error(R"(The sampler tpe has groups only where it is multivariate. Leave out "group", or "multivariate".)");
  return std::make_unique<TpeSampler>(space, options);
}

}  // namespace ablate
