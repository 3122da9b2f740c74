#include "experiments/data/transforms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace ablate {
namespace {

Sample sample() {
  return {"s", {{"image", {1, 3, 3, {1, 2, 3, 4, 5, 6, 7, 8, 9}}}, {"mask", {1, 3, 1, {10, 20, 30}}}}};
}

TEST(Augment, AFlipMirrorsEveryPlane) {
  Sample flipped = sample();
  augment(flipped, {1.0}, 1, 2, 3);
  EXPECT_THAT(flipped.planes.at("image").pixels, testing::ElementsAre(7, 8, 9, 4, 5, 6, 1, 2, 3));
  EXPECT_THAT(flipped.planes.at("mask").pixels, testing::ElementsAre(30, 20, 10));
}

TEST(Augment, DependsOnSeedEpochAndIndexAlone) {
  const auto flips = [](std::uint64_t seed, std::uint64_t epoch) {
    std::vector<bool> result;
    for (std::uint64_t index = 0; index < 2000; ++index) {
      Sample one = sample();
      augment(one, {0.5}, seed, epoch, index);
      result.push_back(one.planes.at("mask").pixels[0] == 30);
    }
    return result;
  };
  EXPECT_EQ(flips(1, 2), flips(1, 2));
  EXPECT_NE(flips(1, 2), flips(1, 3));
  EXPECT_NE(flips(1, 2), flips(2, 2));
  EXPECT_NEAR(double(std::ranges::count(flips(1, 2), true)) / 2000, .5, .05);
}

TEST(Shuffled, IsAPermutationThatChangesWithSeedAndEpoch) {
  const auto order = shuffled(100, 1, 0);
  EXPECT_EQ(std::set(order.begin(), order.end()).size(), 100u);
  EXPECT_EQ(*std::ranges::max_element(order), 99u);
  EXPECT_EQ(order, shuffled(100, 1, 0));
  EXPECT_NE(order, shuffled(100, 1, 1));
  EXPECT_NE(order, shuffled(100, 2, 0));
}

TEST(RandomNumbers, HaveTheMomentsTheyShould) {
  Random random(5);
  double sum = 0, squares = 0, uniform = 0;
  for (int i = 0; i < 100000; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
    uniform += random.uniform();
    EXPECT_LT(random.below(7), 7u);
  }
  EXPECT_NEAR(sum / 1e5, 0, .02);
  EXPECT_NEAR(squares / 1e5, 1, .03);
  EXPECT_NEAR(uniform / 1e5, .5, .01);
}

}  // namespace
}  // namespace ablate
