#include <gtest/gtest.h>

#include "experiments/training/models/batch_norm.h"
#include "experiments/training/models/batch_norm_cpu.h"
#include "experiments/training/models/instance_norm.h"
#include "experiments/training/models/norms.h"
#include "experiments/training/models/unet.h"
#include "experiments/training/networks.h"
#include "fixtures.h"
#include "runs/error.h"

namespace ablate {
namespace {

std::int64_t parameters_of(const UNetOptions& options) {
  std::int64_t count = 0;
  for (const auto& [_, parameter] : unique_parameters(*make_unet(options))) count += parameter.numel();
  return count;
}

TEST(UNet, HasTheStudentsParameterCounts) {
  UNetOptions options;
  options.channels = 8;
  EXPECT_EQ(parameters_of(options), 454649);
  options.block.residual = "norm";
  EXPECT_EQ(parameters_of(options), 477537);
  options.block.residual = "plain";
  EXPECT_EQ(parameters_of(options), 476801);
}

TEST(UNet, HasTheClassicParameterCounts) {
  UNetOptions options;
  options.channels = 64;
  EXPECT_EQ(parameters_of(options), 28954561);
  options.block.residual = "norm";
  EXPECT_EQ(parameters_of(options), 30356225);
}

TEST(UNet, KeepsHeightAndWidthOfAnyPicture) {
  torch::NoGradGuard no_grad;
  for (const std::string& up : up_names()) {
    UNetOptions options;
    options.channels = 2;
    options.depth = 3;
    options.up = up;
    options.pool = up == "nearest" ? "stride" : "max";
    const LayerPtr net = make_unet(options);
    for (const auto& [height, width] : {std::pair(17, 9), {1, 5}, {3, 3}, {8, 24}, {13, 1}}) {
      const torch::Tensor y = net->forward(torch::rand({2, 3, height, width}));
      EXPECT_EQ(y.sizes(), (std::vector<std::int64_t>{2, 1, height, width})) << up;
    }
  }
}

TEST(UNet, SharedNormStandsInTheStateUnderBothNamesAndCountsOnce) {
  UNetOptions options;
  options.channels = 4;
  const std::int64_t separate = parameters_of(options);
  options.block.norm_sharing = "block";
  EXPECT_LT(parameters_of(options), separate);

  const LayerPtr net = make_unet(options);
  std::map<std::string, torch::Tensor> state;
  for (const auto& [name, tensor] : state_of(*net)) state[name] = tensor;
  ASSERT_TRUE(state.contains("down1.norm1.running_mean"));
  ASSERT_TRUE(state.contains("down1.norm2.running_mean"));
  EXPECT_TRUE(state["down1.norm1.running_mean"].is_same(state["down1.norm2.running_mean"]));
  EXPECT_TRUE(state.contains("up4.conv2.weight"));
  EXPECT_TRUE(state.contains("head.weight"));
}

TEST(UNet, NormModulesAreFoundOnceWithAllTheirPlaces) {
  UNetOptions options;
  options.channels = 4;
  options.depth = 2;
  options.block.norm_sharing = "block+residual";
  options.block.residual = "norm";
  const auto norms = norm_modules({{"model", make_unet(options)}});
  ASSERT_EQ(norms.size(), 5u);  // Two levels down, the bottom, two up.
  EXPECT_EQ(norms[0].paths, (std::vector<std::string>{"down1.norm1", "down1.norm2", "down1.projection_norm"}));
  EXPECT_EQ(norms[0].place(0), "down1.1");
  EXPECT_EQ(norms[0].place(2), "down1.projection");
  EXPECT_EQ(norms[0].place(3), "down1.1#4");
}

TEST(UNet, UnknownValuesAreNamed) {
  UNetOptions options;
  options.up = "sideways";
  try {
    make_unet(options);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("sideways"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("pixelshuffle"), std::string::npos);
  }
}

TEST(UNet, GroupsThatDoNotDivideTheChannelsAreRefused) {
  UNetOptions options;
  options.channels = 4;
  options.block.norm.name = "group";
  options.block.norm.groups = 3;
  EXPECT_THROW(make_unet(options), Error);
}

TEST(BatchNorm, IsBitForBitPyTorchsWithAndWithoutWatching) {
  torch::manual_seed(3);
  const torch::Tensor x = torch::rand({4, 6, 5, 7});
  BatchNorm plain(6), watched(6);
  torch::nn::BatchNorm2d reference(6);
  watched.record_calls(true);
  for (int step = 0; step < 3; ++step) {
    watched.begin_pass();
    const torch::Tensor expected = reference(x + step);
    EXPECT_TRUE(identical(plain.forward(x + step), expected));
    EXPECT_TRUE(identical(watched.forward(x + step), expected));
    ASSERT_EQ(watched.calls().size(), 1u);
    EXPECT_TRUE(torch::allclose(watched.calls()[0].mean, (x + step).mean({0, 2, 3})));
  }
  for (const BatchNorm* norm : {&plain, &watched}) {
    EXPECT_TRUE(identical(norm->running_mean, reference->running_mean));
    EXPECT_TRUE(identical(norm->running_var, reference->running_var));
    EXPECT_TRUE(identical(norm->num_batches_tracked, reference->num_batches_tracked));
  }
}

/// Output, mean, 1/σ, both buffers, and the gradients of input, weight and bias.
std::vector<torch::Tensor> everything_of(bool ours, const torch::Tensor& input, double momentum) {
  const std::int64_t channels = input.size(1);
  torch::manual_seed(3);
  torch::Tensor x = input.detach().clone(torch::MemoryFormat::Preserve).requires_grad_();
  torch::Tensor weight = torch::randn({channels}).requires_grad_(), bias = torch::randn({channels}).requires_grad_();
  const torch::Tensor mean = torch::randn({channels}), variance = torch::rand({channels});
  const auto [y, m, s] = ours ? batch_norm_cpu(x, weight, bias, mean, variance, momentum, 1e-5)
                              : torch::native_batch_norm(x, weight, bias, mean, variance, true, momentum, 1e-5);
  const torch::Tensor slope = torch::randn(y.sizes()).to(y.scalar_type());
  y.backward(slope);
  return {y.detach(), m, s, mean, variance, x.grad(), weight.grad(), bias.grad()};
}

TEST(BatchNormCpu, EqualsPyTorchsInEverythingForAnyNumberOfChannels) {
  for (const std::int64_t channels : {1, 2, 3, 8, 12, 64, 65, 200, 1024}) {
    for (const auto& [type, tolerance] : {std::pair(torch::kFloat, 2e-5), std::pair(torch::kBFloat16, 2e-2)}) {
      torch::manual_seed(channels);
      // Far from zero: a variance taken from Σx² would be lost.
      const torch::Tensor x = (torch::randn({3, channels, 37, 21}) * 0.5 + 5 * torch::randn({1, channels, 1, 1}))
                                  .to(type)
                                  .contiguous(torch::MemoryFormat::ChannelsLast);
      ASSERT_TRUE(batch_norm_cpu_takes(x));
      const auto ours = everything_of(true, x, 0.3), theirs = everything_of(false, x, 0.3);
      for (std::size_t i = 0; i < ours.size(); ++i) {
        const torch::Tensor wanted = theirs[i].to(torch::kDouble), got = ours[i].to(torch::kDouble);
        EXPECT_EQ(ours[i].scalar_type(), theirs[i].scalar_type());
        EXPECT_LE((got - wanted).norm().item<double>(), tolerance * wanted.norm().item<double>())
            << channels << " channels, " << torch::toString(type) << ", result " << i;
      }
    }
  }
}

TEST(BatchNormCpu, IsTheSameBitForBitWithAnyNumberOfThreads) {
  const int before = torch::get_num_threads();
  for (const std::int64_t channels : {8, 48}) {
    const torch::Tensor x = torch::randn({4, channels, 64, 48}).contiguous(torch::MemoryFormat::ChannelsLast);
    torch::set_num_threads(1);
    const auto one = everything_of(true, x, 0.1);
    torch::set_num_threads(2);
    const auto two = everything_of(true, x, 0.1);
    for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(identical(one[i], two[i])) << i;
  }
  torch::set_num_threads(before);
}

TEST(BatchNormCpu, ItsGradientCanBeDifferentiatedAgain) {
  const auto second = [](bool ours) {
    torch::manual_seed(1);
    torch::Tensor x = torch::randn({2, 4, 6, 5}).contiguous(torch::MemoryFormat::ChannelsLast).requires_grad_();
    const torch::Tensor one = torch::ones({4}), zero = torch::zeros({4}), none;
    const auto y = std::get<0>(ours ? batch_norm_cpu(x, one, zero, none, none, 0, 1e-5)
                                    : torch::native_batch_norm(x, one, zero, none, none, true, 0, 1e-5));
    const torch::Tensor first = torch::autograd::grad({y.pow(3).sum()}, {x}, {}, true, true)[0];
    return torch::autograd::grad({first.pow(2).sum()}, {x})[0];
  };
  EXPECT_LE((second(true) - second(false)).norm().item<double>(), 1e-4 * second(false).norm().item<double>());
}

TEST(BatchNorm, WithoutMomentumKeepsThePlainMeanOfAllBatches) {
  BatchNorm norm(2, std::nullopt);
  norm.forward(torch::tensor({1.f, 3.f, 10.f, 10.f}).reshape({1, 2, 1, 2}));
  norm.forward(torch::tensor({5.f, 7.f, 20.f, 20.f}).reshape({1, 2, 1, 2}));
  EXPECT_TRUE(torch::allclose(norm.running_mean, torch::tensor({4.f, 15.f})));
  EXPECT_TRUE(torch::allclose(norm.running_var, torch::tensor({2.f, 0.f})));  // Unbiased variances 2 and 2; 0 and 0.
}

TEST(BatchNorm, OneValuePerChannelIsRefusedInTrainModeOnly) {
  BatchNorm norm(3);
  const torch::Tensor x = torch::rand({1, 3, 1, 1});
  EXPECT_THROW(norm.forward(x), Error);
  norm.eval();
  EXPECT_NO_THROW(norm.forward(x));
}

TEST(InstanceNorm, KeepsTheFormatWithWeightsAndBias) {
  const torch::Tensor x = torch::randn({3, 5, 6, 7}).contiguous(torch::MemoryFormat::ChannelsLast);
  EXPECT_TRUE(InstanceNorm(5, true, 1e-5).forward(x).is_contiguous(torch::MemoryFormat::ChannelsLast));
}

TEST(TrackingInstanceNorm, IsTheSameBitForBitWithAndWithoutWatching) {
  const torch::Tensor x = torch::rand({4, 6, 5, 7});
  TrackingInstanceNorm plain(6, true, 0.1, 1e-5), watched(6, true, 0.1, 1e-5), still(6, true, 0.1, 1e-5);
  watched.record_calls(true);
  still.move_buffers(false);
  for (int step = 0; step < 3; ++step) {
    const torch::Tensor y = plain.forward(x + step);
    EXPECT_TRUE(identical(watched.forward(x + step), y));
    EXPECT_TRUE(identical(still.forward(x + step), y));
  }
  ASSERT_EQ(watched.calls().size(), 3u);
  EXPECT_TRUE(torch::allclose(watched.calls()[2].mean, (x + 2).mean({0, 2, 3})));
  EXPECT_TRUE(identical(plain.running_mean, watched.running_mean));
  EXPECT_TRUE(identical(plain.running_var, watched.running_var));
  EXPECT_TRUE(identical(still.running_mean, torch::zeros({6})));
}

TEST(InstanceNorm, EqualsPyTorchsInResultAndGradientInBothFormats) {
  torch::manual_seed(5);
  for (const auto format : {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast}) {
    torch::Tensor x = torch::randn({3, 5, 6, 7}).contiguous(format).requires_grad_();
    torch::Tensor reference = x.detach().clone().requires_grad_();
    const torch::Tensor weight = torch::randn({3, 5, 6, 7});
    const torch::Tensor y = instance_norm(x, {}, {}, 1e-5);
    const torch::Tensor expected = torch::instance_norm(reference, {}, {}, {}, {}, true, 0, 1e-5, false);
    EXPECT_TRUE(torch::allclose(y, expected, 1e-4, 1e-5));
    (y * weight).sum().backward();
    (expected * weight).sum().backward();
    EXPECT_TRUE(torch::allclose(x.grad(), reference.grad(), 1e-4, 1e-5));
  }
  EXPECT_THROW(instance_norm(torch::rand({2, 3, 1, 1}), {}, {}, 1e-5), Error);
}

}  // namespace
}  // namespace ablate
