#include "sweeps/samplers/grid.h"

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "runs/error.h"

namespace ablate {
namespace {

/// For each parameter the how-manieth of its values; −1 where it does not exist beside the others.
using Combination = std::vector<std::int64_t>;

/// Then most have been tried, and the first that has not is as good.
constexpr int kDraws = 100;

class GridSampler final : public Sampler {
 public:
  GridSampler(SearchSpace space, std::uint64_t seed) : space_(std::move(space)), seed_(seed) {}

  std::optional<Params> suggest(const Study& study, int number) override {
    std::set<Combination> tried;
    for (const Trial& trial : study.trials) tried.insert(combination_of(trial.params));
    std::mt19937_64 generator = generator_for(seed_, number);
    Combination combination;
    for (int draw = 0; draw < kDraws; ++draw) {
      combination = combination_of(random_params(space_, generator));
      if (!tried.contains(combination)) return params_of(combination, combination.size());
    }
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
  std::uint64_t seed_;
};

/// Of a range that has no steps.
[[noreturn]] void refuse_continuous(const Parameter& parameter) {
  const Distribution& range = parameter.distribution;
  const std::string start = fmt::format("The sampler grid can't try every value of {}, a ", parameter.key);
  if (range.log)
    throw Error(
        fmt::format("{}log range, which has no steps. Make it \"categorical\" with the values to try, as {:.2g}, "
                    "{:.2g}, {:.2g}, or choose another sampler.",
                    start, range.low, std::sqrt(range.low * range.high), range.high));
  throw Error(
      fmt::format("{}range without steps. Give it a \"step\", or make it \"categorical\" with the values to try, or "
                  "choose another sampler.",
                  start));
}

}  // namespace

std::unique_ptr<Sampler> make_grid_sampler(const SearchSpace& space, Fields& fields, const std::vector<Direction>&) {
  for (const Parameter& parameter : space.parameters())
    if (!parameter.distribution.count()) refuse_continuous(parameter);
  return std::make_unique<GridSampler>(space, seed_of(fields));
}

}  // namespace ablate
