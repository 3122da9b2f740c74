#include <gtest/gtest.h>

#include <set>

#include "fixtures.h"
#include "runs/error.h"

namespace ablate {
namespace {

TEST(Batch, HoldsPicturesScaledToOneInChannelsLast) {
  const auto dataset = discs(2, 5, 4);
  const Batch batch = collate(*dataset, {0, 1});
  const torch::Tensor& image = batch.at("image");
  EXPECT_EQ(image.sizes(), (std::vector<std::int64_t>{2, 3, 5, 4}));
  EXPECT_TRUE(image.is_contiguous(torch::MemoryFormat::ChannelsLast));
  const Sample sample = dataset->load(1);
  const auto& pixels = sample.planes.at("image").pixels;
  EXPECT_EQ(image[1][2][3][1].item<float>(), static_cast<float>(pixels[(3 * 4 + 1) * 3 + 2]) / 255.0f);
  EXPECT_EQ(batch.at("mask").max().item<float>(), 1);
  EXPECT_EQ(batch.names, (std::vector<std::string>{"disc0", "disc1"}));
}

TEST(Batch, SaysWhatItHasWhenAskedForSomethingElse) {
  const Batch batch = collate(*discs(1, 4, 4), {0});
  try {
    batch.at("alpha");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("image, mask"), std::string::npos);
  }
}

TEST(Batch, SamplesOfDifferentSizesAreNamed) {
  try {
    collate({discs(1, 4, 4)->load(0), discs(1, 5, 4)->load(0)});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("image 5x4x3"), std::string::npos);
  }
}

TEST(TrainingBatches, GoOnFromAPositionWithWhatWouldHaveCome) {
  const TrainingData data = disc_data(20, 2);
  TrainingBatches from_start(data, {4, 7}, 0), later(data, {4, 7}, 6);
  EXPECT_EQ(from_start.batches_per_epoch(), 4);
  for (int i = 0; i < 6; ++i) from_start.next();
  for (int i = 0; i < 5; ++i) {
    const Batch a = from_start.next(), b = later.next();
    EXPECT_EQ(a.names, b.names);
    EXPECT_TRUE(identical(a.at("image"), b.at("image")));
  }
}

TEST(TrainingBatches, AnEpochShowsNoSampleTwice) {
  TrainingBatches batches(disc_data(20, 2), {4, 7}, 0);
  std::set<std::string> seen;
  for (std::int64_t i = 0; i < batches.batches_per_epoch(); ++i) {
    for (const std::string& name : batches.next().names) EXPECT_TRUE(seen.insert(name).second) << name;
  }
}

TEST(TrainingBatches, FewerSamplesThanABatchAreOneBatch) {
  TrainingBatches batches(disc_data(5, 2), {16, 0}, 0);
  EXPECT_EQ(batches.batches_per_epoch(), 1);
  EXPECT_EQ(batches.next().size(), 3);
}

TEST(TrainingBatches, WhatTheThreadMeetsIsThrownByNext) {
  TrainingData data = disc_data(8, 2);
  data.augment = [](Sample&, std::uint64_t, std::uint64_t, std::uint64_t) { throw Error("torn picture"); };
  TrainingBatches batches(data, {2, 0}, 0);
  EXPECT_THROW(batches.next(), Error);
}

TEST(TrainingBatches, NothingToTrainOnIsAnError) {
  TrainingData data = disc_data(8, 2);
  data.source.training.clear();
  EXPECT_THROW(TrainingBatches(data, {2, 0}, 0), Error);
}

TEST(FixedBatches, CoverEverySampleOnceTheLastBatchSmaller) {
  const TrainingData data = disc_data(11, 0);
  FixedBatches batches(data.source.dataset, data.source.training, 4, torch::kCPU);
  ASSERT_EQ(batches.count(), 3u);
  EXPECT_TRUE(batches.incomplete());
  EXPECT_EQ(batches.at(2).size(), 3);
  EXPECT_EQ(batches.at(1).names.front(), "disc4");
  EXPECT_EQ(batches.first(2).samples(), 8u);
}

}  // namespace
}  // namespace ablate
