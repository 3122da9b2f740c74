#include "viewers/curves/difference.h"

#include <gtest/gtest.h>

#include <cmath>

#include "viewers/curves/x_axis.h"

namespace ablate {
namespace {

PlotSeries series_of(const std::vector<std::pair<Step, double>>& points) {
  ScalarColumn column;
  for (const auto& [step, value] : points) column.push_back({step, 0, value});
  PlotSeries series;
  series.update(column, XAxis::step, 0);
  return series;
}

TEST(Difference, IsTakenAtTheLinesOwnPointsWhereverTheBaselineReaches) {
  const PlotSeries line = series_of({{0, 9}, {1, 5}, {2, 5}, {3, NAN}, {4, 5}, {9, 5}});
  const PlotSeries baseline = series_of({{1, 1}, {3, 2}, {4, 4}, {5, 4}});
  const ScalarColumn difference = difference_of(line, baseline);
  ASSERT_EQ(difference.size(), 4u);
  EXPECT_EQ(difference.step(0), 1);
  EXPECT_EQ(difference.value(0), 4);
  EXPECT_EQ(difference.value(1), 5 - 1.5);
  EXPECT_TRUE(std::isnan(difference.value(2)));
  EXPECT_EQ(difference.value(3), 1);
  EXPECT_EQ(difference.wall_seconds(3), 4) << "x";
}

TEST(Difference, ABaselineThatIsNotFiniteLeavesAGap) {
  EXPECT_EQ(difference_of(series_of({{0, 1}, {1, 1}, {4, 1}}), series_of({{0, 0}, {2, NAN}, {4, 0}})).size(), 2u);
  EXPECT_TRUE(difference_of(series_of({{0, 1}}), series_of({})).empty());
}

TEST(Difference, FollowsBothAndIsNewWheneverOneIs) {
  ScalarColumn growing;
  growing.push_back({0, 0, 1});
  PlotSeries line = series_of({{0, 3}, {1, 3}}), baseline;
  baseline.update(growing, XAxis::step, 0);
  DifferenceSeries difference;
  const std::uint64_t before = difference.update(line, baseline).version();
  EXPECT_EQ(difference.update(line, baseline).version(), before);
  growing.push_back({1, 0, 2});
  baseline.update(growing, XAxis::step, 0);
  EXPECT_NE(difference.update(line, baseline).version(), before);
  EXPECT_EQ(difference.update(line, baseline).nearest(1)->raw, 1);
}

TEST(XAxis, EpochsAndImagesAreStepsOfOtherSizes) {
  RunView run;
  EXPECT_EQ(x_per_step(run, XAxis::step), 1);
  EXPECT_EQ(x_per_step(run, XAxis::epoch), 0) << "not known";
  EXPECT_EQ(x_per_step(run, XAxis::images), 0);
  run.info.status.step = 40;
  run.info.status.epoch = 10;
  RunConfig config;
  config.set("train.batch_size", 8);
  config.set("train.accumulate", 2);
  run.config = std::make_shared<const RunConfig>(config);
  EXPECT_EQ(x_per_step(run, XAxis::epoch), 0.25);
  EXPECT_EQ(x_per_step(run, XAxis::images), 16);
  PlotSeries series;
  ScalarColumn points;
  points.push_back({4, 0, 1});
  points.push_back({8, 0, 2});
  series.update(points, XAxis::epoch, 0, 0.25);
  EXPECT_EQ(series.x_range().max, 2);
  EXPECT_EQ(x_words(XAxis::epoch, 2.5), "epoch 2.5");
  EXPECT_EQ(x_words(XAxis::images, 12800), "12800 images");
}

TEST(XAxis, ImagesOfAnotherProgramsRunAreToldByItsHyperParameters) {
  RunView run;
  RunData data;
  data.hparams = {{"data/Batch_Size", 32}};
  run.data = std::make_shared<const RunData>(data);
  EXPECT_EQ(x_per_step(run, XAxis::images), 32);
}

}  // namespace
}  // namespace ablate
