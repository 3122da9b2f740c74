#include "sweeps/samplers/sobol.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tests/sweeps/samplers/random_space.h"

namespace ablate {
namespace {

std::unique_ptr<Sampler> sobol(const SearchSpace& space, int seed) {
  return make_sampler(space, {{"name", "sobol"}, {"seed", seed}}, {Direction::minimize});
}

TEST(Sobol, HasOneValueInEachPartOfEveryParameter) {
  SearchSpace space({{"a", real(0, 1), {}}, {"b", real(0, 1), {}}, {"c", real(0, 1), {}}, {"d", integer(0, 63), {}}});
  for (int seed = 0; seed < 5; ++seed) {
    const std::unique_ptr<Sampler> sampler = sobol(space, seed);
    std::map<std::string, std::set<double>> parts;
    std::set<std::pair<double, double>> squares;
    for (int number = 0; number < 64; ++number) {
      const Params params = *sampler->suggest({}, number);
      for (const auto& [key, value] : params) parts[key].insert(key == "d" ? value : std::floor(value * 64));
      squares.insert({std::floor(params.at("a") * 8), std::floor(params.at("b") * 8)});
    }
    for (const auto& [key, values] : parts) EXPECT_EQ(values.size(), 64u) << key;
    EXPECT_EQ(squares.size(), 64u);
  }
}

TEST(Sobol, AParameterThatExistsSometimesKeepsItsDimension) {
  SearchSpace space({{"a", choices({"x", "y"}), {}}, {"b", real(0, 1), {{"a", {0}}}}, {"c", real(0, 1), {}}});
  SearchSpace always({{"a", choices({"x", "y"}), {}}, {"b", real(0, 1), {}}, {"c", real(0, 1), {}}});
  for (int number = 0; number < 20; ++number)
    EXPECT_EQ(sobol(space, 0)->suggest({}, number)->at("c"), sobol(always, 0)->suggest({}, number)->at("c"));
}

TEST(Sobol, SeedsShiftTheSequence) {
  SearchSpace space({{"a", real(0, 1), {}}});
  EXPECT_NE(*sobol(space, 0)->suggest({}, 0), *sobol(space, 1)->suggest({}, 0));
}

}  // namespace
}  // namespace ablate
