#include "experiments/training/precision.h"

#include <gtest/gtest.h>

namespace ablate {
namespace {

TEST(Autocast, OneWithinAnotherForgetsTheWeightsThatChangedAndLeavesItOn) {
  torch::nn::Linear layer(torch::nn::LinearOptions(1, 1).bias(false));
  const torch::Tensor one = torch::ones({1, 1});
  const auto weight_becomes = [&](double value) {
    const torch::NoGradGuard no_grad;
    layer->weight.fill_(value);
  };
  weight_becomes(2);
  const Autocast outer(torch::kBFloat16, torch::kCPU);
  EXPECT_EQ(layer(one).item<double>(), 2);
  weight_becomes(3);
  {
    const Autocast inner(torch::kBFloat16, torch::kCPU);
    EXPECT_EQ(layer(one).item<double>(), 3);
    weight_becomes(4);
  }
  const torch::Tensor after = layer(one);
  EXPECT_EQ(after.item<double>(), 4);
  EXPECT_EQ(after.scalar_type(), torch::kBFloat16);
}

}  // namespace
}  // namespace ablate
