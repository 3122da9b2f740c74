#include "experiments/data/synthetic_portraits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <thread>

namespace ablate {
namespace {

TEST(SyntheticPortraits, AreTheSameEveryTimeAndFromAnyThread) {
  const auto first = make_synthetic_portraits(8, 48, 32), second = make_synthetic_portraits(20, 48, 32);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (std::size_t i = 0; i < 8; ++i)
        EXPECT_EQ(first->load(i).planes.at("image").pixels, second->load(i).planes.at("image").pixels);
    });
  threads.clear();
  EXPECT_NE(first->load(0).planes.at("image").pixels, first->load(1).planes.at("image").pixels);
}

TEST(SyntheticPortraits, ShowAPersonInPartOfThePictureWithSoftEdges) {
  const auto dataset = make_synthetic_portraits(100, 96, 64);
  for (std::size_t i = 0; i < dataset->size(); ++i) {
    const auto mask = dataset->load(i).planes.at("mask").pixels;
    const double share = std::accumulate(mask.begin(), mask.end(), 0.0) / (255.0 * double(mask.size()));
    EXPECT_GT(share, .15) << i;
    EXPECT_LT(share, .8) << i;
    EXPECT_GT(std::ranges::count_if(mask, [](int value) { return value > 10 && value < 245; }), 30)
        << "soft edges, " << i;
  }
}

TEST(SyntheticPortraits, DifferInLight) {
  const auto dataset = make_synthetic_portraits(60, 48, 32);
  double darkest = 255, brightest = 0;
  for (std::size_t i = 0; i < dataset->size(); ++i) {
    const auto image = dataset->load(i).planes.at("image").pixels;
    const double mean = std::accumulate(image.begin(), image.end(), 0.0) / double(image.size());
    darkest = std::min(darkest, mean);
    brightest = std::max(brightest, mean);
  }
  EXPECT_LT(darkest, 70);
  EXPECT_GT(brightest, 140);
}

TEST(SyntheticPortraits, FillAnyShape) {
  for (const auto& [height, width] : {std::pair{16, 16}, {17, 401}, {400, 33}}) {
    const Sample sample = make_synthetic_portraits(1, height, width)->load(0);
    EXPECT_EQ(sample.planes.at("image").pixels.size(), std::size_t(height * width * 3));
    const auto& mask = sample.planes.at("mask").pixels;
    EXPECT_GT(*std::ranges::max_element(mask), 200) << height << "x" << width;
  }
}

}  // namespace
}  // namespace ablate
