#include "sweeps/samplers/parzen.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "tests/sweeps/samplers/random_space.h"

namespace ablate {
namespace {

Observations observed(const Axis& axis, const std::vector<double>& values) {
  Observations observations{&axis, {}, {}};
  for (const double value : values) observations.units.push_back(axis.to_unit(value));
  observations.order.resize(values.size());
  std::iota(observations.order.begin(), observations.order.end(), 0);
  std::ranges::stable_sort(observations.order, {},
                           [&](int place) { return observations.units[static_cast<std::size_t>(place)]; });
  return observations;
}

double density(const ParzenEstimator& estimator, const std::vector<double>& values) {
  return std::exp(estimator.log_densities({values})[0]);
}

TEST(Parzen, DrawsEachValueAsOftenAsItsDensitySays) {
  const std::vector<std::pair<Axis, std::vector<double>>> cases{
      {Axis(choices({"a", "b", "c"})), {0, 2, 2, 2, 0}},
      {Axis(integer(-2, 5)), {-2, 5, 5, 1}},
      {Axis(integer(1, 20, true)), {1, 3, 3, 20}},
      {Axis(real(0, 1, false, .25)), {.25, .5}},
  };
  constexpr int kDraws = 20000;
  std::mt19937_64 generator(1);
  for (const auto& [axis, values] : cases) {
    const ParzenEstimator estimator({observed(axis, values)}, std::vector<double>(values.size(), 1.0));
    std::map<double, int> counts;
    for (int i = 0; i < kDraws; ++i) ++counts[estimator.sample(generator)[0]];
    double whole = 0;
    for (std::int64_t k = 0; k < axis.distribution().count(); ++k) {
      const double value = axis.distribution().value(k), expected = density(estimator, {value});
      whole += expected;
      EXPECT_NEAR(counts[value], kDraws * expected, 5 * std::sqrt(kDraws * expected)) << value;
    }
    EXPECT_NEAR(whole, 1, 1e-9);
  }
}

TEST(Parzen, DrawsFromEachPartOfARangeAsOftenAsTheDensitysIntegralSays) {
  constexpr int kDraws = 20000, kParts = 20, kPoints = 200;
  std::mt19937_64 generator(2);
  for (const Distribution& distribution : {real(-1, 3), real(1e-3, 10, true)}) {
    const Axis axis(distribution);
    const std::vector<double> values{distribution.low, .5, .51, 2.9};
    const ParzenEstimator estimator({observed(axis, values)}, {1, 2, 1, 1});
    std::vector<int> counts(kParts);
    for (int i = 0; i < kDraws; ++i)
      ++counts[static_cast<std::size_t>(std::min(axis.to_unit(estimator.sample(generator)[0]) * kParts, kParts - .5))];
    double whole = 0;
    for (int part = 0; part < kParts; ++part) {
      double expected = 0;
      for (int i = 0; i < kPoints; ++i)
        expected += density(estimator, {axis.from_unit((part + (i + .5) / kPoints) / kParts)}) * axis.width() /
                    (kParts * kPoints);
      whole += expected;
      EXPECT_NEAR(counts[static_cast<std::size_t>(part)], kDraws * expected, 5 * std::sqrt(kDraws * expected)) << part;
    }
    EXPECT_NEAR(whole, 1, 1e-4);
  }
}

TEST(Parzen, DrawsWhatBelongsTogether) {
  const Axis kind(choices({"a", "b"})), rate(real(0, 1));
  const std::vector<double> kinds{0, 0, 0, 0, 1, 1, 1, 1}, rates{.1, .11, .12, .13, .9, .91, .92, .93};
  const ParzenEstimator estimator({observed(kind, kinds), observed(rate, rates)}, std::vector<double>(8, 1.0));
  std::mt19937_64 generator(3);
  int together = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::vector<double> values = estimator.sample(generator);
    together += (values[0] == 0) == (values[1] < .5);
  }
  EXPECT_GT(together, 700);  // Apart, half would be.
}

TEST(Parzen, WithoutTrialsItIsThePrior) {
  const Axis kind(choices({"a", "b", "c", "d"})), rate(real(0, 2));
  const ParzenEstimator estimator({observed(kind, {}), observed(rate, {})}, {});
  EXPECT_NEAR(density(estimator, {1, .7}), density(estimator, {3, 1.3}), 1e-12);
  EXPECT_GT(density(estimator, {1, 1}), density(estimator, {1, 0}));
}

TEST(Parzen, HundredsOfParametersDontOverflow) {
  // A hundred kernels at one place and the prior, whose density is known from one parameter.
  const Axis axis(real(0, 1));
  const std::vector<double> values(100, .31), weights(100, 1.0);
  const double prior = density(ParzenEstimator({observed(axis, {})}, {}), {.31});
  const double kernel = (101 * density(ParzenEstimator({observed(axis, values)}, weights), {.31}) - prior) / 100;
  const ParzenEstimator estimator(std::vector<Observations>(400, observed(axis, values)), weights);
  EXPECT_NEAR(estimator.log_densities({std::vector<double>(400, .31)})[0],
              std::log(100. / 101) + 400 * std::log(kernel), 1e-9);
}

}  // namespace
}  // namespace ablate
