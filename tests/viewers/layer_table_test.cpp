#include "viewers/layer_table.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ablate {
namespace {

void gap(RunData& data, const std::string& layer, Step step, double value) {
  data.scalars["norm/" + layer + "/gap"].push_back({step, 0, value});
}

void vector(RunData& data, const std::string& tag, Step step, std::vector<float> values) {
  TensorPoint point;
  point.step = step;
  point.values = std::make_shared<const std::vector<float>>(std::move(values));
  data.tensors[tag].push_back(point);
}

TEST(LayerTable, LayersComeInTheOrderOfTheNetwork) {
  RunData data;
  for (const char* layer : {"up1.1", "bottom.2", "down10.1", "down2.1", "bottom.1", "other", "up1.2"})
    gap(data, layer, 50, 1);
  EXPECT_EQ(norm_layers(data),
            (std::vector<std::string>{"down2.1", "down10.1", "bottom.1", "bottom.2", "up1.1", "up1.2", "other"}));
}

TEST(LayerTable, ACellHoldsTheNewestValueOfItsSteps) {
  RunData data;
  for (int i = 1; i <= 4; ++i) gap(data, "down1.1", 50 * i, i);
  const StepTable table = gap_table(data, 100);
  ASSERT_EQ(table.columns, 4);
  for (int column = 0; column < 4; ++column) EXPECT_EQ(table.at(0, column), column + 1);
  EXPECT_EQ(table.largest, 4);
  EXPECT_EQ(table.last_step, 200);
}

TEST(LayerTable, MoreStepsThanPixelsAreResampledWithoutLosingTheLast) {
  RunData data;
  for (int i = 1; i <= 5000; ++i) gap(data, "down1.1", i, i);
  const StepTable table = gap_table(data, 100);
  EXPECT_EQ(table.columns, 100);
  EXPECT_EQ(table.at(0, 99), 5000);
  EXPECT_EQ(table.at(0, 49), 2500);
}

TEST(LayerTable, BeforeTheFirstValueThereIsNothing) {
  RunData data;
  gap(data, "a", 100, 1);
  gap(data, "a", 200, 2);
  gap(data, "b", 200, 3);
  const StepTable table = gap_table(data, 10);
  EXPECT_TRUE(std::isnan(table.at(1, 0)));
  EXPECT_EQ(table.at(1, 1), 3);
}

TEST(LayerTable, ChannelsAreComparedInUnitsOfTheBatchsSigma) {
  RunData data;
  vector(data, "norm/a/channels/running_mean", 50, {1, 5});
  vector(data, "norm/a/channels/batch_mean", 50, {3, 5});
  vector(data, "norm/a/channels/running_var", 50, {4, 8});
  vector(data, "norm/a/channels/batch_var", 50, {4, 4});
  const StepTable mean = channel_table(data, "a", Statistic::mean, 10);
  ASSERT_EQ(mean.rows.size(), 2u);
  EXPECT_NEAR(mean.at(0, 0), -1, 1e-5);
  EXPECT_NEAR(mean.at(1, 0), 0, 1e-5);
  const StepTable variance = channel_table(data, "a", Statistic::variance, 10);
  EXPECT_NEAR(variance.at(1, 0), std::log(2.0), 1e-5);
  const ChannelHistory history = channel_history(data, "a", Statistic::mean, 0);
  EXPECT_EQ(history.running, (std::vector<double>{1}));
  EXPECT_EQ(history.batch, (std::vector<double>{3}));
}

TEST(LayerTable, WithoutStatisticsThereAreNoRows) {
  EXPECT_TRUE(gap_table(RunData{}, 10).rows.empty());
  EXPECT_TRUE(channel_table(RunData{}, "a", Statistic::mean, 10).rows.empty());
}

}  // namespace
}  // namespace ablate
