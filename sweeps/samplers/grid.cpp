#include "sweeps/samplers/grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "runs/error.h"

namespace ablate {
namespace {

/// For each parameter the how-manieth of its values; −1 where it does not exist beside the others.
using Combination = std::vector<std::int64_t>;

/// All of them are kept; a sweep of more would never end.
constexpr double kMostCombinations = 1e6;

class GridSampler final : public Sampler {
 public:
  GridSampler(SearchSpace space, std::uint64_t seed) : space_(std::move(space)), seed_(seed) {}

  std::optional<Params> suggest(const Study& study, int) override {
    if (order_.empty()) draw_order();
    std::set<Combination> tried;
    for (const Trial& trial : study.trials) tried.insert(combination_of(trial.params));
    const auto next = std::ranges::find_if(order_, [&](const Combination& each) { return !tried.contains(each); });
    return next == order_.end() ? std::nullopt : std::optional(params_of(*next, next->size()));
  }

 private:
  void draw_order() {
    Combination combination(space_.parameters().size());
    begin_from(0, combination);
    do order_.push_back(combination);
    while (advance(combination));
    std::mt19937_64 generator = generator_for(seed_, 0);
    std::ranges::shuffle(order_, generator);
  }

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
  std::vector<Combination> order_;
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
  double combinations = 1;
  for (const Parameter& parameter : space.parameters()) {
    const std::optional<std::int64_t> count = parameter.distribution.count();
    if (!count) refuse_continuous(parameter);
    combinations *= static_cast<double>(*count);
  }
  if (combinations > kMostCombinations)
    throw Error(
        fmt::format("The sampler grid would have {:.3g} combinations to try. Make the steps larger, search fewer "
                    "options, or choose another sampler.",
                    combinations));
  return std::make_unique<GridSampler>(space, seed_of(fields));
}

}  // namespace ablate
