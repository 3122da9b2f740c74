#include "sweeps/samplers/grid.h"

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "runs/error.h"

namespace ablate {
namespace {

/// For each parameter the how-manieth of its values; −1 where it does not exist beside the others.
using Combination = std::vector<std::int64_t>;

class GridSampler final : public Sampler {
 public:
  explicit GridSampler(SearchSpace space) : space_(std::move(space)) {}

  std::optional<Params> suggest(const Study& study, int) override {
    std::set<Combination> tried;
    for (const Trial& trial : study.trials) tried.insert(combination_of(trial.params));
    Combination combination(space_.parameters().size());
    begin_from(0, combination);
    while (tried.contains(combination))
      if (!advance(combination)) return std::nullopt;
    return params_of(combination, combination.size());
  }

 private:
  Params params_of(const Combination& combination, std::size_t count) const {
    Params params;
    for (std::size_t i = 0; i < count; ++i)
      if (combination[i] >= 0)
        params[space_.parameters()[i].key] = space_.parameters()[i].distribution.value(combination[i]);
    return params;
  }

  Combination combination_of(const Params& params) const {
    Combination combination;
    for (const auto& [key, distribution, when] : space_.parameters()) {
      const auto value = params.find(key);
      combination.push_back(value == params.end()
                                ? -1
                                : std::llround((value->second - distribution.low) / distribution.step.value_or(1)));
    }
    return combination;
  }

  /// The first values of all parameters from `first` on.
  void begin_from(std::size_t first, Combination& combination) const {
    for (std::size_t i = first; i < combination.size(); ++i)
      combination[i] = SearchSpace::active(space_.parameters()[i], params_of(combination, i)) ? 0 : -1;
  }

  /// Whether there was another one.
  bool advance(Combination& combination) const {
    for (std::size_t i = combination.size(); i-- > 0;) {
      if (combination[i] < 0 || combination[i] + 1 >= space_.parameters()[i].distribution.count()) continue;
      ++combination[i];
      begin_from(i + 1, combination);
      return true;
    }
    return false;
  }

  SearchSpace space_;
};

}  // namespace

std::unique_ptr<Sampler> make_grid_sampler(const SearchSpace& space, Fields&, const std::vector<Direction>&) {
  for (const auto& [key, distribution, when] : space.parameters())
    if (!distribution.count())
      throw Error(
          fmt::format("The sampler grid can't try every value of {}, a range without steps. Give it a \"step\", or "
                      "make it \"categorical\" with the values to try, or choose another sampler.",
                      key));
  return std::make_unique<GridSampler>(space);
}

}  // namespace ablate
