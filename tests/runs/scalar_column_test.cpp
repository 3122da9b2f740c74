#include "runs/scalar_column.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <random>

namespace ablate {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Logs of many kinds: regular and wild steps and times, floats and doubles, values that are none.
using MakePoint = std::function<ScalarPoint(std::size_t i, std::mt19937_64& random)>;
const std::vector<std::pair<const char*, MakePoint>> kLogs = {
    {"every step, a tenth of a second each",
     [](std::size_t i, auto& random) {
       return ScalarPoint{static_cast<Step>(i), 1.7e9 + 0.1 * double(i), std::normal_distribution<float>()(random)};
     }},
    {"steps that jump",
     [](std::size_t i, auto& random) {
       return ScalarPoint{static_cast<Step>(7 * i + random() % 5), 1.7e9 + 100.0 * double(i), double(random() % 1000)};
     }},
    {"anything at all",
     [](std::size_t, auto& random) {
       const auto bits = random();
       const double value = std::bit_cast<double>(random());
       return ScalarPoint{static_cast<Step>(bits), std::bit_cast<double>(random()), std::isnan(value) ? kNaN : value};
     }},
    {"one step, one time, values that are none",
     [](std::size_t, auto& random) {
       const double values[] = {1, 2, kNaN, kInfinity, -kInfinity, 0.1};
       return ScalarPoint{3, 5, values[random() % 6]};
     }},
    {"falling from the largest step to the smallest",
     [](std::size_t i, auto&) {
       return ScalarPoint{std::numeric_limits<Step>::max() - static_cast<Step>(i) * 1'000'000'000'000, -1.0, -0.0};
     }},
};

bool same(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

void expect_equal(const ScalarColumn& column, const std::vector<ScalarPoint>& points) {
  ASSERT_EQ(column.size(), points.size());
  ScalarTotals totals;
  for (std::size_t i = 0; i < points.size(); ++i) {
    ASSERT_EQ(column.step(i), points[i].step) << i;
    ASSERT_TRUE(same(column.wall_seconds(i), points[i].wall_seconds)) << i;
    ASSERT_TRUE(same(column[i].value, points[i].value) || (std::isnan(column.value(i)) && std::isnan(points[i].value)))
        << i << ": " << column.value(i) << ", logged " << points[i].value;
    totals.add(points[i], i == 0 ? nullptr : &points[i - 1]);
  }
  EXPECT_EQ(column.totals().extent.low, totals.extent.low);
  EXPECT_EQ(column.totals().extent.high, totals.extent.high);
  EXPECT_EQ(column.totals().least_positive, totals.least_positive);
  EXPECT_EQ(column.totals().nan, totals.nan);
  EXPECT_EQ(column.totals().above, totals.above);
  EXPECT_EQ(column.totals().steps_rise, totals.steps_rise);
  EXPECT_EQ(column.totals().walls_rise, totals.walls_rise);
}

class EveryLog : public testing::TestWithParam<std::pair<const char*, MakePoint>> {
 protected:
  void log(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      points_.push_back(GetParam().second(points_.size(), random_));
      column_.push_back(points_.back());
    }
  }
  std::mt19937_64 random_{11};
  std::vector<ScalarPoint> points_;
  ScalarColumn column_;
};

TEST_P(EveryLog, IsKeptBitForBit) {
  log(3 * ScalarColumn::kBlock + 77);
  expect_equal(column_, points_);
}

TEST_P(EveryLog, HasTheExtentOfAnyRange) {
  log(2 * ScalarColumn::kBlock + 500);
  for (int n = 0; n < 2000; ++n) {
    std::size_t begin = random_() % points_.size(), end = random_() % (points_.size() + 1);
    if (begin > end) std::swap(begin, end);
    if (n % 3 == 0) end = std::min(end, begin + random_() % 100);
    Extent wanted;
    for (std::size_t i = begin; i < end; ++i) wanted.add(points_[i].value);
    const Extent found = column_.extent(begin, end);
    ASSERT_EQ(found.low, wanted.low) << begin << " to " << end;
    ASSERT_EQ(found.high, wanted.high) << begin << " to " << end;
    ASSERT_EQ(found.nan, wanted.nan);
    ASSERT_EQ(found.above, wanted.above);
    ASSERT_EQ(found.below, wanted.below);
  }
}

TEST_P(EveryLog, GivesUpWhatARestartDrops) {
  log(2 * ScalarColumn::kBlock + 100);
  const Step from = points_[ScalarColumn::kBlock + 30].step;
  const ScalarColumn before = column_;
  const ScalarColumn taken = column_.take_from(from);
  std::vector<ScalarPoint> kept, dropped;
  for (const ScalarPoint& point : points_) (point.step >= from ? dropped : kept).push_back(point);
  expect_equal(taken, dropped);
  expect_equal(column_, kept);
  expect_equal(before, points_);
  points_ = kept;
  log(ScalarColumn::kBlock);
  expect_equal(column_, points_);
}

INSTANTIATE_TEST_SUITE_P(ScalarColumn, EveryLog, testing::ValuesIn(kLogs), [](const auto& each) {
  std::string name;
  for (const char* letter = each.param.first; *letter != 0; ++letter)
    if (std::isalpha(static_cast<unsigned char>(*letter))) name += *letter;
  return name;
});

TEST(ScalarColumn, CopiesStayAsTheyWere) {
  ScalarColumn column;
  std::vector<ScalarColumn> copies;
  for (int i = 0; i < 5000; ++i) {
    if (i % 37 == 0) copies.push_back(column);
    column.push_back({i, 0, double(i)});
  }
  ScalarColumn other = copies.back();
  other.push_back({-1, 0, -1});
  EXPECT_EQ(column.value(copies.back().size()), double(copies.back().size()));
  EXPECT_EQ(other.back().value, -1);
  for (std::size_t i = 0; i < copies.size(); ++i) {
    ASSERT_EQ(copies[i].size(), 37 * i);
    for (std::size_t k = 0; k < copies[i].size(); ++k) ASSERT_EQ(copies[i].value(k), double(k));
  }
}

TEST(ScalarColumn, APointTakesAtMostTwentyBytes) {
  std::mt19937_64 random(3);
  ScalarColumn column;
  double wall = 1.7e9;
  for (Step step = 0, i = 0; i < 100'000; ++i) {
    step += 1 + static_cast<Step>(random() % 3);
    wall += 0.5 + 1e-3 * double(random() % 1000);  // So slow that differences take eight bytes.
    column.push_back({step, wall, std::normal_distribution<float>()(random)});
  }
  EXPECT_LE(column.bytes(), 20 * column.size());
}

}  // namespace
}  // namespace ablate
