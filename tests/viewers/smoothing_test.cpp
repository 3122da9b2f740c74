#include "viewers/smoothing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace ablate {
namespace {

/// As TensorBoard's frontend has it (line_chart: resmoothDataset), with its own pow.
std::vector<double> tensorboard_smoothing(const std::vector<double>& values, double weight) {
  std::vector<double> smoothed;
  double last = 0;
  int accumulated = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) {
      smoothed.push_back(value);
      continue;
    }
    last = last * weight + (1 - weight) * value;
    ++accumulated;
    smoothed.push_back(last / (weight == 1 ? 1 : 1 - std::pow(weight, accumulated)));
  }
  return smoothed;
}

TEST(Smoothing, EqualsTensorBoards) {
  std::mt19937_64 random(3);
  for (const double weight : {0.0, 0.3, 0.6, 0.9, 0.99, 0.999}) {
    std::vector<double> values;
    for (int i = 0; i < 5000; ++i) values.push_back(std::normal_distribution<>(2, 1)(random));
    values[10] = std::numeric_limits<double>::quiet_NaN();
    values[2000] = std::numeric_limits<double>::infinity();
    const std::vector<double> wanted = tensorboard_smoothing(values, weight);
    Smoother smoother(weight);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double smoothed = smoother.next(values[i]);
      if (std::isnan(wanted[i]))
        EXPECT_TRUE(std::isnan(smoothed));
      else if (std::isinf(wanted[i]))
        EXPECT_EQ(smoothed, wanted[i]);
      else
        EXPECT_NEAR(smoothed, wanted[i], 1e-9 * std::abs(wanted[i]) + 1e-12) << weight << " at " << i;
    }
  }
}

TEST(Smoothing, BeginsAtTheFirstValueNotAtZero) {
  Smoother smoother(0.99);
  EXPECT_DOUBLE_EQ(smoother.next(5), 5);
}

TEST(Smoothing, WeightZeroChangesNothing) {
  Smoother smoother(0);
  for (const double value : {3.0, -1.0, 100.0}) EXPECT_EQ(smoother.next(value), value);
}

}  // namespace
}  // namespace ablate
