#include "sweeps/samplers/sampler.h"

#include <gmock/gmock.h>

#include <map>

#include "runs/error.h"
#include "tests/sweeps/samplers/random_space.h"

namespace ablate {
namespace {

using testing::HasSubstr;

const std::vector<Direction> kMinimize{Direction::minimize};

std::string refused(const nlohmann::json& sampler, const SearchSpace& space = {}) {
  try {
    make_sampler(space, sampler, kMinimize);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::vector<std::string> names_of_samplers() {
  std::vector<std::string> names;
  for (const SamplerKind& kind : sampler_kinds()) names.push_back(kind.name);
  return names;
}

/// Of a space on which grid can work, too.
SearchSpace without_continuous(const SearchSpace& space) {
  std::vector<Parameter> parameters = space.parameters();
  for (Parameter& parameter : parameters)
    if (!parameter.distribution.count()) parameter.distribution = integer(1, 4);
  return SearchSpace(parameters);
}

class EverySampler : public testing::TestWithParam<std::string> {
 protected:
  SearchSpace space() {
    const SearchSpace space = random_space(generator_);
    return GetParam() == "grid" ? without_continuous(space) : space;
  }
  std::unique_ptr<Sampler> sampler(const SearchSpace& space, int seed) {
    return make_sampler(space, {{"name", GetParam()}, {"seed", seed}}, kMinimize);
  }
  std::mt19937_64 generator_{1};
};

TEST_P(EverySampler, ProposesWhatTheDistributionsAllowForEveryParameterThatExists) {
  for (int round = 0; round < 40; ++round) {
    const SearchSpace space = this->space();
    const std::unique_ptr<Sampler> sampler = this->sampler(space, round);
    for (const Trial& trial : study_of(space, *sampler, 40, kMinimize, generator_).trials)
      expect_complete(space, trial.params);
  }
}

TEST_P(EverySampler, ProposesTheSameAfterARestart) {
  for (int round = 0; round < 10; ++round) {
    const SearchSpace space = this->space();
    const Study study = study_of(space, *sampler(space, round), 40, kMinimize, generator_);
    Study grown = study;
    while (!grown.trials.empty()) {
      const Trial last = grown.trials.back();
      grown.trials.pop_back();
      EXPECT_EQ(sampler(space, round)->suggest(grown, last.number), last.params);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, EverySampler, testing::ValuesIn(names_of_samplers()),
                         [](const auto& kind) { return kind.param; });

TEST(Samplers, AnUnknownNameOrFieldNamesTheNearest) {
  EXPECT_THAT(refused({{"name", "randon"}}), HasSubstr("Did you mean \"random\"?"));
  EXPECT_THAT(refused({{"name", "zzzzzzzz"}}), HasSubstr("There are grid, random"));
  EXPECT_THAT(refused({{"name", "random"}, {"sede", 1}}), HasSubstr("Did you mean \"seed\"?"));
  EXPECT_THAT(refused("random"), HasSubstr("A sampler is written as"));
  EXPECT_THAT(refused({{"name", "sobol"}, {"seed", -1}}), HasSubstr("a whole number from 0 on, not -1"));
  EXPECT_THAT(refused({{"name", "sobol"}, {"seed", "x"}}), HasSubstr("a whole number from 0 on, not \"x\""));
}

TEST(Samplers, ValuesGrowWithUAndAreEquallyLikely) {
  for (const Distribution& distribution :
       {real(0, .5, false, .1), integer(-3, 6), integer(16, 160, false, 16), choices({"a", "b", "c"})}) {
    std::map<double, int> counts;
    double last = -1e9;
    for (int i = 0; i < 6000; ++i) {
      const double value = value_at(distribution, (i + .5) / 6000);
      EXPECT_GE(value, last);
      ++counts[last = value];
    }
    EXPECT_EQ(std::ssize(counts), distribution.count());
    for (const auto& [value, count] : counts) EXPECT_NEAR(count, 6000. / static_cast<double>(counts.size()), 1);
  }
}

TEST(Samplers, ValuesOfALogRangeAreUniformInTheLogarithm) {
  EXPECT_NEAR(value_at(real(1e-4, 1, true), .25), 1e-3, 1e-12);
  EXPECT_NEAR(value_at(real(1e-4, 1, true), 0), 1e-4, 1e-16);
  // From log .5 to log 8.5, as Optuna draws.
  EXPECT_EQ(value_at(integer(1, 8, true), .387), 1);
  EXPECT_EQ(value_at(integer(1, 8, true), .389), 2);
  EXPECT_EQ(value_at(integer(1, 8, true), .9999), 8);
}

TEST(Samplers, RandomTrialsDifferByNumberAndSeed) {
  const SearchSpace space({{"x", real(0, 1), {}}});
  const auto at = [&](int seed, int number) {
    return *make_sampler(space, {{"name", "random"}, {"seed", seed}}, kMinimize)->suggest({}, number);
  };
  EXPECT_NE(at(0, 0), at(0, 1));
  EXPECT_NE(at(0, 0), at(1, 0));
}

}  // namespace
}  // namespace ablate
