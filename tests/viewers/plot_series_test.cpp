#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "viewers/series_plot.h"

namespace ablate {
namespace {

ScalarColumn column(std::initializer_list<ScalarPoint> points) {
  ScalarColumn column;
  for (const ScalarPoint& point : points) column.push_back(point);
  return column;
}

TEST(PlotSeries, FollowsAGrowingColumn) {
  auto points = column({{0, 100, 4}, {1, 101, 2}});
  PlotSeries growing;
  growing.update(points, XAxis::step, 0.9);
  for (int i = 2; i < 1000; ++i) points.push_back({i, 100.0 + i, 1.0 / i});
  growing.update(points, XAxis::step, 0.9);
  PlotSeries at_once;
  at_once.update(points, XAxis::step, 0.9);
  EXPECT_EQ(growing.smoothed(0, 1000, 50).y, at_once.smoothed(0, 1000, 50).y);
  EXPECT_EQ(growing.raw(0, 1000, 50).y, at_once.raw(0, 1000, 50).y);
  EXPECT_EQ(growing.x_range().max, 999);
}

TEST(PlotSeries, ARestartThatDroppedPointsIsNoticed) {
  PlotSeries series;
  series.update(column({{0, 0, 1}, {1, 1, 2}, {2, 2, 3}}), XAxis::step, 0);
  series.update(column({{0, 0, 1}, {1, 5, 7}, {2, 6, 8}, {3, 7, 9}}), XAxis::step, 0);
  EXPECT_EQ(series.raw(0, 3, 100).y, (std::vector<double>{1, 7, 8, 9}));
}

TEST(PlotSeries, PointsAreDrawnByStepWhateverTheirOrder) {
  PlotSeries series;
  series.update(column({{3, 0, 30}, {1, 1, 10}, {2, 2, 20}}), XAxis::step, 0);
  EXPECT_EQ(series.raw(0, 4, 100).x, (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(series.raw(0, 4, 100).y, (std::vector<double>{10, 20, 30}));
}

TEST(PlotSeries, RelativeTimeBeginsAtTheFirstPoint) {
  PlotSeries series;
  series.update(column({{10, 1700000000.0, 1}, {20, 1700000060.0, 2}}), XAxis::relative_time, 0);
  EXPECT_EQ(series.x_range().min, 0);
  EXPECT_EQ(series.x_range().max, 60);
}

TEST(PlotSeries, PointsOfOneStepLieSideBySideInTheirOrder) {
  PlotSeries series;
  const auto points = column({{7, 1700000060.0, 1}, {7, 1700000000.0, 2}, {7, 1700000120.0, 3}});
  series.update(points, XAxis::order, 0);
  EXPECT_EQ(series.raw(0, 2, 100).x, (std::vector<double>{0, 1, 2}));
  EXPECT_EQ(series.raw(0, 2, 100).y, (std::vector<double>{1, 2, 3}));
  series.update(points, XAxis::wall_time, 0);
  EXPECT_EQ(series.raw(0, 2e9, 100).x, (std::vector<double>{1700000000, 1700000060, 1700000120}));
  EXPECT_EQ(series.raw(0, 2e9, 100).y, (std::vector<double>{2, 1, 3}));
}

TEST(PlotSeries, TheUsualRangeHasNoOutliers) {
  auto points = column({{0, 0, -1e6}, {1, 0, 1e6}, {2, 0, std::numeric_limits<double>::infinity()}});
  for (int i = 0; i < 100; ++i) points.push_back({i + 3, 0, i / 100.0});
  PlotSeries series;
  series.update(points, XAxis::step, 0);
  EXPECT_GE(series.usual_y_range().min, 0);
  EXPECT_LT(series.usual_y_range().min, 0.06);
  EXPECT_GT(series.usual_y_range().max, 0.93);
  EXPECT_LT(series.usual_y_range().max, 1);
  EXPECT_GT(series.usual_y_range().min_positive, 0);
  points.push_back({103, 0, std::numeric_limits<double>::quiet_NaN()});
  series.update(points, XAxis::step, 0);
  EXPECT_EQ(series.not_finite(), 2u);
}

TEST(PlotSeries, TheRangeLeavesOutWhatIsNotFinite) {
  PlotSeries series;
  series.update(column({{0, 0, -1},
                        {1, 0, std::numeric_limits<double>::infinity()},
                        {2, 0, 0.25},
                        {3, 0, std::numeric_limits<double>::quiet_NaN()}}),
                XAxis::step, 0);
  EXPECT_EQ(series.y_range().min, -1);
  EXPECT_EQ(series.y_range().max, 0.25);
  EXPECT_EQ(series.y_range().min_positive, 0.25);
}

TEST(PlotSeries, TheNearestPointIsFoundOnBothSides) {
  PlotSeries series;
  EXPECT_FALSE(series.nearest(1));
  series.update(column({{0, 0, 5}, {10, 0, 6}}), XAxis::step, 0);
  EXPECT_EQ(series.nearest(-100)->raw, 5);
  EXPECT_EQ(series.nearest(4)->raw, 5);
  EXPECT_EQ(series.nearest(6)->raw, 6);
  EXPECT_EQ(series.nearest(100)->raw, 6);
}

/// One by one, cut into columns where a ScalarColumn's are.
struct OneByOne : SpanPoints {
  using SpanPoints::SpanPoints;
  std::size_t grain(std::size_t count) const override { return ScalarColumn::grain(count); }
};

TEST(PlotSeries, DrawsWhatAllPointsOneByOneWouldGive) {
  std::mt19937_64 random(5);
  ScalarColumn points;
  std::vector<double> steps, seconds, values;
  for (int i = 0; i < 50'000; ++i) {
    const double value = random() % 2000 == 0 ? NAN : std::normal_distribution<float>()(random);
    points.push_back({3 * i, 1.7e9 + 0.01 * i * i, value});
    steps.push_back(3 * i);
    seconds.push_back(1.7e9 + 0.01 * i * i - 1.7e9);
    values.push_back(value);
  }
  PlotSeries series;
  for (const auto& [axis, x] : {std::pair(XAxis::step, &steps), std::pair(XAxis::relative_time, &seconds)}) {
    series.update(points, axis, 0);
    for (const XScale scale : {XScale::linear, XScale::logarithmic})
      for (const auto& [from, to, columns] :
           {std::tuple(0.0, 1.0, 700), {0.1, 0.9, 700}, {0.5, 0.51, 700}, {0.0, 1.0, 30}, {0.2, 0.9, 2}}) {
        const double low = std::max(1.0, from * x->back()), high = to * x->back();
        VisibleLine wanted;
        find_visible_line(OneByOne(*x, values), low, high, columns, scale, wanted);
        const VisibleLine& found = series.raw(low, high, columns, scale);
        EXPECT_EQ(found.x.size(), wanted.x.size());
        for (std::size_t i = 0; i < wanted.x.size(); ++i) {
          ASSERT_EQ(found.x[i], wanted.x[i]);
          ASSERT_TRUE(found.y[i] == wanted.y[i] || (std::isnan(found.y[i]) && std::isnan(wanted.y[i])));
        }
        EXPECT_EQ(found.not_finite.size(), wanted.not_finite.size());
      }
  }
}

}  // namespace
}  // namespace ablate
