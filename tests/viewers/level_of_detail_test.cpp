#include "viewers/level_of_detail.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>

namespace ablate {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

int column_of(double x, double x_min, double x_max, int columns) {
  return std::min(columns - 1, static_cast<int>((x - x_min) * (columns / (x_max - x_min))));
}

TEST(LevelOfDetail, KeepsTheSmallestAndTheLargestValueOfEveryPixelColumn) {
  std::mt19937_64 random(7);
  std::vector<double> x, y;
  for (int i = 0; i < 100'000; ++i) {
    x.push_back(i * 0.5 + std::uniform_real_distribution<>(0, 0.4)(random));
    y.push_back(std::normal_distribution<>()(random));
  }
  for (const auto& [x_min, x_max, columns] :
       {std::tuple{0.0, 50'000.0, 777}, {1234.5, 31'000.0, 300}, {-500.0, 10'000.0, 64}}) {
    std::map<int, std::pair<double, double>> wanted;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (x[i] < x_min || x[i] > x_max) continue;
      const auto [at, added] = wanted.try_emplace(column_of(x[i], x_min, x_max, columns), y[i], y[i]);
      at->second.first = std::min(at->second.first, y[i]);
      at->second.second = std::max(at->second.second, y[i]);
    }
    const VisibleLine line = visible_line(x, y, x_min, x_max, columns);
    std::map<int, std::pair<double, double>> found;
    std::map<int, int> points;
    for (std::size_t i = 0; i < line.x.size(); ++i) {
      if (i > 0) {
        EXPECT_LE(line.x[i - 1], line.x[i]);
      }
      if (line.x[i] < x_min || line.x[i] > x_max) continue;
      const int column = column_of(line.x[i], x_min, x_max, columns);
      const auto [at, added] = found.try_emplace(column, line.y[i], line.y[i]);
      at->second.first = std::min(at->second.first, line.y[i]);
      at->second.second = std::max(at->second.second, line.y[i]);
      EXPECT_LE(++points[column], 2);
    }
    EXPECT_EQ(found, wanted);
  }
}

TEST(LevelOfDetail, AtAGrainColumnsLeaveNothingOutAndTheirEdgesAreHardlyOff) {
  struct Grainy : SpanPoints {
    using SpanPoints::SpanPoints;
    std::size_t grain(std::size_t count) const override { return ScalarColumn::grain(count); }
  };
  std::mt19937_64 random(3);
  std::vector<double> x, y;
  for (int i = 0; i < 200'000; ++i) x.push_back(i), y.push_back(std::normal_distribution<>()(random));
  const double x_min = 1000, x_max = 190'000;
  const int columns = 217;
  VisibleLine line;
  find_visible_line(Grainy(x, y), x_min, x_max, columns, XScale::linear, line);
  ASSERT_EQ(line.x.size(), 2u * columns + 2);                // And a point on either side.
  const auto extent_between = [&](double from, double to) {  // In columns.
    const auto at = [&](double column) {
      return y.begin() + std::lround(std::ceil(x_min + column * (x_max - x_min) / columns));
    };
    const auto [low, high] = std::minmax_element(at(from), at(to));
    return std::pair(*low, *high);
  };
  double lowest = kInfinity, highest = -kInfinity;
  for (int column = 0; column < columns; ++column) {
    const std::size_t i = 1 + 2 * static_cast<std::size_t>(column);
    EXPECT_EQ(column_of(line.x[i], x_min, x_max, columns), column);
    EXPECT_EQ(column_of(line.x[i + 1], x_min, x_max, columns), column);
    const auto [low, high] = std::minmax(line.y[i], line.y[i + 1]);
    const auto [inner_low, inner_high] = extent_between(column + 1.0 / 8, column + 7.0 / 8);
    const auto [outer_low, outer_high] = extent_between(column - 1.0 / 8, column + 9.0 / 8);
    EXPECT_LE(low, inner_low);
    EXPECT_GE(high, inner_high);
    EXPECT_GE(low, outer_low);
    EXPECT_LE(high, outer_high);
    lowest = std::min(lowest, low), highest = std::max(highest, high);
  }
  EXPECT_EQ(std::pair(lowest, highest), extent_between(0, columns));
}

TEST(LevelOfDetail, OnALogarithmicScaleEveryDecadeKeepsItsSpikes) {
  std::vector<double> x, y;
  for (int i = 0; i < 100'000; ++i) x.push_back(i), y.push_back(i == 15 || i == 70'000 ? 9 : i % 2);
  const VisibleLine line = visible_line(x, y, 1, 99'999, 500, XScale::logarithmic);
  EXPECT_LE(line.x.size(), 1002u);
  std::vector<double> spikes;
  for (std::size_t i = 0; i < line.x.size(); ++i)
    if (line.y[i] == 9) spikes.push_back(line.x[i]);
  ASSERT_EQ(spikes.size(), 2u);
  EXPECT_EQ(spikes[0], 15);
  EXPECT_NEAR(std::log(spikes[1]), std::log(70'000), std::log(99'999) / 500);  // In its pixel column.
  EXPECT_GE(std::ranges::count_if(line.x, [](double at) { return at >= 1 && at <= 10; }), 10);
  EXPECT_TRUE(visible_line(x, y, 0, 10, 500, XScale::logarithmic).x.empty());
}

TEST(LevelOfDetail, KeepsAllPointsWhereThereAreFew) {
  const std::vector<double> x = {0, 1, 2, 3}, y = {5, 1, 7, 2};
  const VisibleLine line = visible_line(x, y, 0, 3, 100);
  EXPECT_EQ(line.x, x);
  EXPECT_EQ(line.y, y);
}

TEST(LevelOfDetail, GoesOnToTheNearestPointOutsideOnBothSides) {
  std::vector<double> x, y;
  for (int i = 0; i < 10'000; ++i) x.push_back(i), y.push_back(i);
  const VisibleLine line = visible_line(x, y, 2000, 7000, 100);
  EXPECT_EQ(line.x.front(), 1999);
  EXPECT_EQ(line.x.back(), 7001);
  const VisibleLine few = visible_line(x, y, 10.5, 12.5, 100);
  EXPECT_EQ(few.x, (std::vector<double>{10, 11, 12, 13}));
}

TEST(LevelOfDetail, ASpikeOfOnePointInAMillionIsSeen) {
  std::vector<double> x, y;
  for (int i = 0; i < 1'000'000; ++i) x.push_back(i), y.push_back(0);
  y[654'321] = 9;
  const VisibleLine line = visible_line(x, y, 0, 1e6, 640);
  EXPECT_EQ(*std::max_element(line.y.begin(), line.y.end()), 9);
  EXPECT_LE(line.x.size(), 2u * 640 + 2);
}

TEST(LevelOfDetail, ValuesThatAreNotFiniteInterruptTheLineAndAreMarked) {
  const std::vector<double> x = {0, 1, 2, 3, 4}, y = {1, kNaN, kInfinity, 4, 5};
  const VisibleLine line = visible_line(x, y, 0, 4, 100);
  ASSERT_EQ(line.not_finite.size(), 2u);
  EXPECT_EQ(line.not_finite[0].x, 1);
  EXPECT_TRUE(std::isnan(line.not_finite[0].value));
  EXPECT_EQ(line.not_finite[1].value, kInfinity);
  ASSERT_EQ(line.y.size(), 4u);  // 1, break, 4, 5
  EXPECT_TRUE(std::isnan(line.y[1]));
}

TEST(LevelOfDetail, NaNAmongManyPointsIsMarkedAndDoesNotHideItsColumn) {
  std::vector<double> x, y;
  for (int i = 0; i < 10'000; ++i) x.push_back(i), y.push_back(i % 100);
  y[5050] = kNaN;
  for (int i = 7000; i < 7500; ++i) y[static_cast<std::size_t>(i)] = kNaN;
  const VisibleLine line = visible_line(x, y, 0, 9999, 100);
  EXPECT_EQ(line.not_finite.front().x, 5050);
  EXPECT_GE(line.not_finite.size(), 5u);
  EXPECT_EQ(std::count_if(line.y.begin(), line.y.end(), [](double v) { return std::isnan(v); }), 1);
  for (const double v : line.y) EXPECT_FALSE(std::isinf(v));
}

TEST(LevelOfDetail, NothingComesOfNothing) {
  EXPECT_TRUE(visible_line({}, {}, 0, 1, 10).x.empty());
  const std::vector<double> one = {1};
  EXPECT_TRUE(visible_line(one, one, 2, 2, 10).x.empty());
  EXPECT_TRUE(visible_line(one, one, 0, 2, 0).x.empty());
}

}  // namespace
}  // namespace ablate
