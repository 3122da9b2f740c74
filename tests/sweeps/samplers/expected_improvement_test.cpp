#include "sweeps/samplers/expected_improvement.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/sweeps/samplers/random_space.h"

namespace ablate {
namespace {

TEST(ExpectedImprovement, IsFiniteAndGrowsWithTheMeanHoweverFarBelowTheBestItIs) {
  double last = -1e300;
  for (double z = -1e100; z < -1e-3; z *= .9) {
    const auto [value, by_mean, by_variance] = log_expected_improvement(z, 1, 0);
    ASSERT_GT(value, last);
    ASSERT_TRUE(std::isfinite(by_mean) && by_mean > 0 && std::isfinite(by_variance) && by_variance > 0) << z;
    last = value;
  }
}

TEST(ExpectedImprovement, HasNoJumpWhereItsFormulaChanges) {
  const auto above = log_expected_improvement(-25 + 1e-9, 1, 0), below = log_expected_improvement(-25 - 1e-9, 1, 0);
  EXPECT_NEAR(above.value, below.value, 1e-6);
  EXPECT_NEAR(above.by_mean, below.by_mean, 1e-6);
}

TEST(ExpectedImprovement, DerivativesAreThoseOfTheValue) {
  for (const double best : {-3., 0., 2., 30., 1000.}) {
    const auto value = [&](double mean, double variance) {
      return log_expected_improvement(mean, variance, best).value;
    };
    const auto [at, by_mean, by_variance] = log_expected_improvement(.5, .8, best);
    const double h = 1e-5;
    EXPECT_NEAR(by_mean, (value(.5 + h, .8) - value(.5 - h, .8)) / (2 * h), 1e-5 * std::abs(by_mean) + 1e-7);
    EXPECT_NEAR(by_variance, (value(.5, .8 + h) - value(.5, .8 - h)) / (2 * h), 1e-5 * std::abs(by_variance) + 1e-7);
  }
}

/// A process that knows a few points of a space, and the space.
struct Known {
  explicit Known(const SearchSpace& of)
      : space(of), process(data(space), {Eigen::VectorXd::Ones(space.coordinates()), 1, 1e-6}) {}
  static GpData data(const GpSpace& space) {
    GpData data{Eigen::MatrixXd(4, space.coordinates()), Eigen::VectorXd(4), space.categorical()};
    const Eigen::MatrixXd cover = space.cover(4, 3);
    for (int i = 0; i < 4; ++i) data.points.row(i) = space.effective(cover.row(i));
    data.values << -1, 1, 0, .5;
    return data;
  }
  Params promising(const Eigen::MatrixXd& taken) const {
    std::mt19937_64 generator(1);
    return space.params(most_promising(process, 1, space, process.data().points.row(1), taken, generator));
  }
  GpSpace space;
  GaussianProcess process;
};

TEST(MostPromising, IsTheBestOfAGridOfManyValues) {
  const SearchSpace space({{"n", integer(1, 100000), {}}, {"a", choices({"x", "y", "z"}), {}}});
  const Known known(space);
  const auto improvement = [&](const Params& params) {
    const auto [mean, variance] = known.process.at(known.space.point(params).transpose());
    return log_expected_improvement(mean[0], variance[0] + 1e-12, 1).value;
  };
  const Params found = known.promising({});
  expect_complete(space, found);
  double best = -1e300;
  for (double n = 1; n <= 100000; n += 50)
    for (const double a : {0, 1, 2}) best = std::max(best, improvement({{"n", n}, {"a", a}}));
  EXPECT_GT(improvement(found), best - 1e-6);
}

TEST(MostPromising, GivesAnotherOneWhereTheBestIsTaken) {
  const Known known(SearchSpace({{"x", real(0, 1), {}}}));
  const Params first = known.promising({});
  EXPECT_NE(known.promising(known.space.point(first)), first);
}

}  // namespace
}  // namespace ablate
