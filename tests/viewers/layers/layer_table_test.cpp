#include "viewers/layers/layer_table.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ablate {
namespace {

const LayerQuantity& kGap = layer_quantities().front();

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
  EXPECT_EQ(layers_with(data, kGap),
            (std::vector<std::string>{"down2.1", "down10.1", "bottom.1", "bottom.2", "up1.1", "up1.2", "other"}));
}

TEST(LayerTable, ACellHoldsTheNewestValueOfItsSteps) {
  RunData data;
  for (int i = 1; i <= 4; ++i) gap(data, "down1.1", 50 * i, i);
  const StepTable table = layer_table(data, kGap, 100);
  ASSERT_EQ(table.columns, 4);
  for (int column = 0; column < 4; ++column) EXPECT_EQ(table.at(0, column), column + 1);
  EXPECT_EQ(table.largest, 4);
  EXPECT_EQ(table.last_step, 200);
}

TEST(LayerTable, MoreStepsThanPixelsAreResampledWithoutLosingTheLast) {
  RunData data;
  for (int i = 1; i <= 5000; ++i) gap(data, "down1.1", i, i);
  const StepTable table = layer_table(data, kGap, 100);
  EXPECT_EQ(table.columns, 100);
  EXPECT_EQ(table.at(0, 99), 5000);
  EXPECT_EQ(table.at(0, 49), 2500);
}

TEST(LayerTable, BeforeTheFirstValueThereIsNothing) {
  RunData data;
  gap(data, "a", 100, 1);
  gap(data, "a", 200, 2);
  gap(data, "b", 200, 3);
  const StepTable table = layer_table(data, kGap, 10);
  EXPECT_TRUE(std::isnan(table.at(1, 0)));
  EXPECT_EQ(table.at(1, 1), 3);
}

TEST(LayerTable, LayersOfARunBesideHaveAnEmptyRowInTheirPlace) {
  RunData data;
  gap(data, "a.norm1", 100, 1);
  gap(data, "b.norm1", 100, 2);
  const StepTable table = layer_table(data, kGap, 10, {"a.norm1", "a.norm2"});
  EXPECT_EQ(table.rows, (std::vector<std::string>{"a.norm1", "a.norm2", "b.norm1"}));
  EXPECT_EQ(table.at(0, 0), 1);
  EXPECT_TRUE(std::isnan(table.at(1, 0)));
  EXPECT_EQ(table.at(2, 0), 2);
  EXPECT_TRUE(layer_table(RunData(), kGap, 10, {"a"}).rows.empty());
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
  ASSERT_EQ(history.places.size(), 1u);
  EXPECT_EQ(history.places[0].batch, (std::vector<double>{3}));
}

TEST(LayerTable, AChannelsHistoryHasEveryPlaceThatUsesItsRunningStatistics) {
  RunData data;
  const auto place = [&](const std::string& layer, float running, float batch) {
    gap(data, layer, 50, 1);
    const std::string channels = "norm/" + layer + "/channels/";
    vector(data, channels + "running_mean", 50, {running});
    vector(data, channels + "running_var", 50, {1});
    vector(data, channels + "batch_mean", 50, {batch});
    vector(data, channels + "batch_var", 50, {1});
  };
  place("down1.1", 2, 1);
  place("down1.2", 2, 3);
  place("down2.1", 5, 5);
  const ChannelHistory history = channel_history(data, "down1.2", Statistic::mean, 0);
  EXPECT_EQ(history.running, (std::vector<double>{2}));
  ASSERT_EQ(history.places.size(), 2u);
  EXPECT_EQ(history.places[0].layer, "down1.2");
  EXPECT_EQ(history.places[0].batch, (std::vector<double>{3}));
  EXPECT_EQ(history.places[1].layer, "down1.1");
  EXPECT_EQ(history.places[1].batch, (std::vector<double>{1}));
}

TEST(LayerTable, EveryQuantityHasTheLayersThatItWasLoggedOf) {
  RunData data;
  gap(data, "down1.1", 50, 1);
  for (const char* layer : {"down1.conv1", "out"})
    data.scalars[std::string("layers/") + layer + "/gradient_norm"].push_back({1, 0, 0.5});
  data.scalars["layers/out/weight_norm"].push_back({1, 0, 2});
  std::map<std::string, std::vector<std::string>> found;
  for (const LayerQuantity& quantity : layer_quantities()) found[quantity.name] = layers_with(data, quantity);
  EXPECT_EQ(found["gap"], (std::vector<std::string>{"down1.1"}));
  EXPECT_EQ(found["gradient norm"], (std::vector<std::string>{"down1.conv1", "out"}));
  EXPECT_EQ(found["weight norm"], (std::vector<std::string>{"out"}));
  EXPECT_TRUE(found["input zeros"].empty());
  EXPECT_TRUE(has_layer(data, "out"));
  EXPECT_FALSE(has_layer(data, "optimizer"));
}

TEST(LayerTable, WithoutStatisticsThereAreNoRows) {
  EXPECT_TRUE(layer_table(RunData{}, kGap, 10).rows.empty());
  EXPECT_TRUE(channel_table(RunData{}, "a", Statistic::mean, 10).rows.empty());
}

}  // namespace
}  // namespace ablate
