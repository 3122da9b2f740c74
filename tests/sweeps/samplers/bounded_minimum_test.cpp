#include "sweeps/samplers/bounded_minimum.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace ablate {
namespace {

using Eigen::VectorXd;

MinimumOptions bounds(Eigen::Index size, double low, double high) {
  return {VectorXd::Constant(size, low), VectorXd::Constant(size, high)};
}

/// Rosenbrock's valley, whose minimum is 0 at ones.
double valley(const VectorXd& x, VectorXd& gradient) {
  double value = 0;
  gradient.setZero(x.size());
  for (Eigen::Index i = 0; i + 1 < x.size(); ++i) {
    const double off = x[i + 1] - x[i] * x[i];
    value += 100 * off * off + (1 - x[i]) * (1 - x[i]);
    gradient[i] += -400 * off * x[i] - 2 * (1 - x[i]);
    gradient[i + 1] += 200 * off;
  }
  return value;
}

TEST(LocalMinimum, FollowsACurvedValley) {
  const Minimum minimum = local_minimum(valley, VectorXd::Constant(6, -.5), bounds(6, -1e9, 1e9));
  EXPECT_LT((minimum.at - VectorXd::Ones(6)).norm(), 1e-3);
  EXPECT_LT(minimum.value, 1e-7);
}

TEST(LocalMinimum, StaysWithinBoundsAlsoWhereTheMinimumIsOutside) {
  const Minimum minimum = local_minimum(valley, VectorXd::Constant(2, -9), bounds(2, -.5, .5));
  // x = .5 is best, and there y = x².
  EXPECT_NEAR(minimum.at[0], .5, 1e-6);
  EXPECT_NEAR(minimum.at[1], .25, 1e-4);
}

TEST(LocalMinimum, TurnsBackFromWhereThereIsNoValue) {
  const auto logarithmic = [](const VectorXd& x, VectorXd& gradient) {
    gradient = (1 - 1e-4 / x.array()).matrix();
    return (x.array() - 1e-4 * x.array().log()).sum();
  };
  const double infinity = std::numeric_limits<double>::infinity();
  const Minimum minimum = local_minimum(logarithmic, VectorXd::Constant(3, 5), bounds(3, -infinity, infinity));
  EXPECT_LT((minimum.at.array() - 1e-4).abs().maxCoeff(), 1e-5);
}

TEST(LocalMinimum, NeverEndsAboveItsStart) {
  const auto without_gradient = [](const VectorXd& x, VectorXd& gradient) {
    gradient = -2 * x;
    return x.squaredNorm();
  };
  const Minimum minimum = local_minimum(without_gradient, VectorXd::Constant(2, .5), bounds(2, 0, 1));
  EXPECT_EQ(minimum.value, .5);
}

TEST(LocalMinimum, LeavesAStartThatHasNoValue) {
  const auto nowhere = [](const VectorXd&, VectorXd& gradient) {
    gradient.setConstant(2, 1);
    return std::nan("");
  };
  EXPECT_EQ(local_minimum(nowhere, VectorXd::Constant(2, .5), bounds(2, 0, 1)).at, VectorXd::Constant(2, .5));
}

}  // namespace
}  // namespace ablate
