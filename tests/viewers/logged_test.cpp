#include <gtest/gtest.h>

#include <numeric>

#include "viewers/logged/histogram_map.h"
#include "viewers/logged/logged_table.h"
#include "viewers/mask_picture.h"

namespace ablate {
namespace {

RunView run_with(const std::vector<std::string>& images, Step step = 1) {
  auto data = std::make_shared<RunData>();
  for (const std::string& tag : images) {
    ImagePoint point;
    point.step = step;
    data->images[tag].push_back(point);
  }
  RunView run;
  run.data = data;
  return run;
}

TEST(Logged, TheTagsOfAllRunsAreRows) {
  const RunView a = run_with({"samples", "attention"}, 3), b = run_with({"samples", "generated"}, 7);
  const RunView unread;
  const std::vector<const RunView*> runs{&a, &b, &unread};
  EXPECT_EQ(tags_of(runs, Logged::images), (std::vector<std::string>{"attention", "generated", "samples"}));
  EXPECT_TRUE(tags_of(runs, Logged::histograms).empty());
  EXPECT_EQ(steps_of(runs, {"samples"}, Logged::images), (std::vector<Step>{3, 7}));
  EXPECT_EQ(steps_of(runs, {"attention"}, Logged::images), (std::vector<Step>{3}));
}

TEST(Logged, WhatOtherPanelsShowComesLast) {
  std::vector<std::string> tags;
  for (int i = 0; i < 20; ++i) tags.push_back("preview/" + std::to_string(i) + "/input");
  tags.push_back("samples");
  EXPECT_TRUE(usual_tags(tags).contains("samples"));
  EXPECT_EQ(usual_tags(tags).size(), 12u);
  EXPECT_EQ(usual_tags({"preview/1/input"}).size(), 1u);
}

TEST(Logged, OfEqualStepsTheLastPointCounts) {
  SharedColumn<TextPoint> texts;
  for (const Step step : {5, 2, 5, 9}) texts.push_back({step, static_cast<double>(texts.size()), nullptr});
  EXPECT_EQ(point_at(texts, 1), nullptr);
  EXPECT_EQ(point_at(texts, 4)->step, 2);
  EXPECT_EQ(point_at(texts, 8)->wall_seconds, 2);
  EXPECT_EQ(point_at(texts, 100)->step, 9);
}

TEST(Logged, NoValueOfAHistogramIsLostByOtherBins) {
  Histogram histogram{-1, 3, 10, 0, 0, {-1, 0, 1, 1e308}, {2, 0, 4, 4}};  // The first bucket has no width.
  for (const std::size_t bins : {1u, 3u, 48u}) {
    const std::vector<double> parts = rebinned(histogram, -2, 4, bins);
    EXPECT_NEAR(std::accumulate(parts.begin(), parts.end(), 0.0), 1, 1e-12) << bins;
  }
  const std::vector<double> parts = rebinned(histogram, -1, 3, 4);
  EXPECT_NEAR(parts[0], 0.2, 1e-12);
  EXPECT_NEAR(parts[1], 0.4, 1e-12);
  EXPECT_NEAR(parts[2], 0.2, 1e-12);
  EXPECT_NEAR(parts[3], 0.2, 1e-12);
}

TEST(Logged, AChannelStandsAlone) {
  const Picture picture{1, 2, 4, {1, 2, 3, 4, 5, 6, 7, 8}};
  EXPECT_EQ(channel_of(picture, 2, 3).pixels, (std::vector<std::uint8_t>{2, 6}));
  EXPECT_EQ(channel_of(picture, 2, 2).pixels, (std::vector<std::uint8_t>{4, 8}));  // Grey with opacity.
  EXPECT_EQ(channel_of(picture, 9, 4).pixels, (std::vector<std::uint8_t>{4, 8}));
}

}  // namespace
}  // namespace ablate
