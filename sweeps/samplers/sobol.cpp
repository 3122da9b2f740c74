#include "sweeps/samplers/sobol.h"

#include <algorithm>
#include <boost/random/sobol.hpp>

namespace ablate {
namespace {

class SobolSampler final : public Sampler {
 public:
  SobolSampler(SearchSpace space, std::uint64_t seed) : space_(std::move(space)), shift_(space_.parameters().size()) {
    std::ranges::generate(shift_, std::mt19937_64(seed));
  }

  std::optional<Params> suggest(const Study&, int number) override {
    boost::random::sobol sequence(std::max<std::size_t>(shift_.size(), 1));
    if (number > 0) sequence.seed(static_cast<std::uint64_t>(number) - 1);
    Params params;
    for (std::size_t i = 0; i < shift_.size(); ++i) {
      // Boost leaves out the first point, which is 0 everywhere; shifted, it is as good as any.
      const std::uint64_t bits = (number > 0 ? sequence() : 0) ^ shift_[i];
      const Parameter& parameter = space_.parameters()[i];
      if (SearchSpace::active(parameter, params))
        params[parameter.key] = value_at(parameter.distribution, static_cast<double>(bits >> 11) * 0x1p-53);
    }
    return params;
  }

 private:
  SearchSpace space_;
  std::vector<std::uint64_t> shift_;  ///< one a parameter
};

}  // namespace

std::unique_ptr<Sampler> make_sobol_sampler(const SearchSpace& space, Fields& fields, const std::vector<Direction>&) {
  return std::make_unique<SobolSampler>(space, seed_of(fields));
}

}  // namespace ablate
