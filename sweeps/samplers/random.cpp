#include "sweeps/samplers/random.h"

namespace ablate {
namespace {

class RandomSampler final : public Sampler {
 public:
  RandomSampler(SearchSpace space, std::uint64_t seed) : space_(std::move(space)), seed_(seed) {}

  std::optional<Params> suggest(const Study&, int number) override {
    std::mt19937_64 generator = generator_for(seed_, number);
    return random_params(space_, generator);
  }

 private:
  SearchSpace space_;
  std::uint64_t seed_;
};

}  // namespace

std::unique_ptr<Sampler> make_random_sampler(const SearchSpace& space, Fields& fields, const std::vector<Direction>&) {
  return std::make_unique<RandomSampler>(space, seed_of(fields));
}

}  // namespace ablate
