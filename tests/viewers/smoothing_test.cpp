#include "viewers/smoothing.h"

#include <gtest/gtest.h>

#include <algorithm>
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

std::vector<double> noisy(std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(std::normal_distribution<>(0, 1)(random));
  return values;
}

TEST(GaussianSmoothing, IsTheWeightedMeanOfFiniteNeighbours) {
  for (const double sigma : {1.0, 2.5, 7.9}) {
    std::vector<double> values = noisy(400, 1);
    values[50] = std::numeric_limits<double>::quiet_NaN();
    values[51] = -std::numeric_limits<double>::infinity();
    const std::vector<double> smoothed = gaussian_smoothed(values, sigma);
    for (int i = 0; i < 400; ++i) {
      double sum = 0, weights = 0;
      for (int j = 0; j < 400; ++j) {
        if (!std::isfinite(values[static_cast<std::size_t>(j)]) || std::abs(i - j) > std::ceil(3 * sigma)) continue;
        const double weight = std::exp(-(i - j) * (i - j) / (2 * sigma * sigma));
        sum += weight * values[static_cast<std::size_t>(j)];
        weights += weight;
      }
      if (i == 50)
        EXPECT_TRUE(std::isnan(smoothed[50]));
      else if (i == 51)
        EXPECT_TRUE(std::isinf(smoothed[51]));
      else
        EXPECT_NEAR(smoothed[static_cast<std::size_t>(i)], sum / weights, 1e-12);
    }
  }
}

TEST(GaussianSmoothing, OfManyPointsIsNearlyThat) {
  for (const double sigma : {8.0, 20.0, 100.0}) {
    std::vector<double> step(2001, 0.0);  // Whose smoothing is the distribution function.
    for (std::size_t i = 1000; i < step.size(); ++i) step[i] = 1;
    const std::vector<double> smoothed = gaussian_smoothed(step, sigma);
    for (int i = 500; i < 1500; ++i)
      EXPECT_NEAR(smoothed[static_cast<std::size_t>(i)], 0.5 * std::erfc(-(i - 999.5) / sigma / std::sqrt(2.0)), 0.01);
  }
}

TEST(RunningMedian, IsTheMedianLeastAndGreatestOfFiniteNeighbours) {
  std::vector<double> values = noisy(300, 2);
  values[7] = values[8] = std::numeric_limits<double>::quiet_NaN();
  values[100] = values[101];
  for (const std::size_t half : {0, 1, 5, 400}) {
    const RunningMedian running = running_median(values, half);
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::vector<double> window;
      for (std::size_t j = i - std::min(i, half); j <= std::min(i + half, values.size() - 1); ++j)
        if (std::isfinite(values[j])) window.push_back(values[j]);
      std::sort(window.begin(), window.end());
      if (!std::isfinite(values[i])) {
        EXPECT_TRUE(std::isnan(running.median[i]));
        continue;
      }
      EXPECT_DOUBLE_EQ(running.median[i], (window[(window.size() - 1) / 2] + window[window.size() / 2]) / 2);
      EXPECT_EQ(running.low[i], window.front());
      EXPECT_EQ(running.high[i], window.back());
    }
  }
}

TEST(Smoothing, WeightZeroChangesNothing) {
  Smoother smoother(0);
  for (const double value : {3.0, -1.0, 100.0}) EXPECT_EQ(smoother.next(value), value);
}

}  // namespace
}  // namespace ablate
