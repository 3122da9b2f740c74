#include "experiments/training/losses/losses.h"

#include <gtest/gtest.h>

#include <cmath>

#include "experiments/training/metrics/iou.h"
#include "fixtures.h"
#include "runs/error.h"

namespace ablate {
namespace {

using torch::Tensor;

Tensor plane(std::initializer_list<float> values) {
  return torch::tensor(std::vector<float>(values)).reshape({1, 1, 1, static_cast<std::int64_t>(values.size())});
}

TEST(IouLoss, IsMinusTheLogarithmOfTheMeanShare) {
  // p = .5 everywhere: s = Σpy / Σ(p + y − py) = 1 / (1 + 1 … ) by hand: y = (1, 1, 0, 0) gives 1 / 3; y = 1 gives 1
  // / 2.
  const Tensor logits = torch::zeros({2, 1, 1, 4});
  const Tensor target = torch::cat({plane({1, 1, 0, 0}), plane({1, 1, 1, 1})});
  EXPECT_NEAR(find_loss("iou")(logits, target).item<double>(), -std::log((1.0 / 3 + 0.5) / 2), 1e-6);
}

TEST(IouLoss, AnEmptyUnionIsPerfect) {
  const Tensor logits = torch::full({1, 1, 2, 2}, -std::numeric_limits<float>::infinity());
  EXPECT_EQ(find_loss("iou")(logits, torch::zeros({1, 1, 2, 2})).item<double>(), 0);
}

TEST(Losses, TwoChannelsMeanWhatTheirDifferenceMeansInOne) {
  torch::manual_seed(1);
  const Tensor two = torch::randn({3, 2, 4, 5}), target = torch::rand({3, 1, 4, 5}).round();
  const Tensor one = two.narrow(1, 1, 1) - two.narrow(1, 0, 1);
  for (const std::string& name : loss_names()) {
    const double a = find_loss(name)(two, target).item<double>(), b = find_loss(name)(one, target).item<double>();
    EXPECT_NEAR(a, b, 1e-5) << name;
  }
  EXPECT_NEAR(find_loss("ce")(two, target).item<double>(), find_loss("bce")(two, target).item<double>(), 1e-5);
}

TEST(Losses, HaveTheConfiguredWeights) {
  const WeightedLosses losses(small_config({{"loss.bce", 0.5}, {"loss.iou", 2}}));
  const auto terms = losses(torch::zeros({1, 1, 2, 2}), torch::ones({1, 1, 2, 2}));
  ASSERT_EQ(terms.size(), 2u);
  EXPECT_EQ(terms[0].name, "bce");
  EXPECT_EQ(terms[0].weight, 0.5);
  EXPECT_EQ(terms[1].weight, 2);
}

TEST(Losses, AllWeightsZeroIsAnError) { EXPECT_THROW(WeightedLosses(small_config({{"loss.bce", 0}})), Error); }

TEST(Iou, CountsThresholdedPixelsPerSample) {
  const Tensor logits = torch::cat({plane({1, 1, -1, -1}), plane({1, -1, -1, -1})});
  const Tensor target = torch::cat({plane({1, 0, 1, 0}), plane({1, 0.4, 0, 0})});
  const Tensor iou = iou_per_sample(logits, target);
  EXPECT_NEAR(iou[0].item<double>(), 1.0 / 3, 1e-6);
  EXPECT_EQ(iou[1].item<double>(), 1);
}

TEST(Iou, BothEmptyIsOneAndOneEmptyIsZero) {
  const Tensor nothing = plane({-1, -1}), something = plane({1, -1}), none = plane({0, 0}), some = plane({0, 1});
  EXPECT_EQ(iou_per_sample(nothing, none).item<double>(), 1);
  EXPECT_EQ(iou_per_sample(something, none).item<double>(), 0);
  EXPECT_EQ(iou_per_sample(nothing, some).item<double>(), 0);
}

TEST(Iou, OfNotANumberIsNotANumberForThatSampleAlone) {
  const Tensor iou = iou_per_sample(torch::cat({plane({std::nanf(""), 1}), plane({1, 1})}), torch::ones({2, 1, 1, 2}));
  EXPECT_TRUE(std::isnan(iou[0].item<double>()));
  EXPECT_EQ(iou[1].item<double>(), 1);
}

}  // namespace
}  // namespace ablate
