#include <gtest/gtest.h>

#include <limits>

#include "viewers/series_plot.h"

namespace ablate {
namespace {

SharedColumn<ScalarPoint> column(std::initializer_list<ScalarPoint> points) {
  SharedColumn<ScalarPoint> column;
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

}  // namespace
}  // namespace ablate
