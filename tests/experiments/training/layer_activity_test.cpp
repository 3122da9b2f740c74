#include "experiments/training/layer_activity.h"

#include <gtest/gtest.h>

#include "experiments/training/updates.h"
#include "fixtures.h"
#include "runs/checkpoints.h"

namespace ablate {
namespace {

using torch::Tensor;

const LayerActivity::Layer& named(const std::vector<LayerActivity::Layer>& layers, const std::string& name) {
  for (const LayerActivity::Layer& layer : layers)
    if (layer.name == name) return layer;
  throw std::out_of_range(name);
}

struct LayerActivityTest : testing::Test {
  RunConfig config = small_config({{"train.clip_norm", 0.01}});
  TrainingData data = disc_data();
  std::unique_ptr<Task> task = (torch::manual_seed(1), make_task("segmentation", config));
  Updates updates{*task, config, torch::kCPU};
  LayerActivity activity{task->networks()};
  Batch batch = collate(*data.source.dataset, {0, 1, 2, 3});

  void SetUp() override { updates.set({0.1, {}}); }
  Tensor parameter(const std::string& name) const {
    for (const auto& [each, tensor] : unique_parameters(*task->networks().front().module))
      if (each == name) return tensor;
    return {};
  }
  /// A watched step.
  std::vector<LayerActivity::Layer> step() {
    updates.watch_gradients([this](const Optimizer& optimizer) { activity.look_at_gradients(optimizer); });
    activity.begin_batch();
    task->step(batch, updates);
    activity.end_batch();
    return activity.take();
  }
};

TEST_F(LayerActivityTest, TellsWhatALayerIsGiven) {
  const auto layers = step();
  const auto& first = named(layers, "down1.conv1");
  const Tensor picture = batch.at("image").to(torch::kDouble);
  EXPECT_NEAR(*first.input_mean, picture.mean().item<double>(), 1e-5);
  EXPECT_NEAR(*first.input_std, picture.std(false).item<double>(), 1e-5);
  EXPECT_NEAR(*first.input_zeros, (picture == 0).to(torch::kDouble).mean().item<double>(), 1e-6);
  const auto& second = named(layers, "down1.conv2");  // After a ReLU of what a norm has centred.
  EXPECT_GT(*second.input_zeros, 0.2);
  EXPECT_LT(*second.input_zeros, 0.8);
  EXPECT_GT(*second.input_mean, 0);
}

TEST_F(LayerActivityTest, TellsHowLargeWeightsAndGradientsAreAndHowFarAStepGoes) {
  const Tensor weight = parameter("down1.conv1.weight").detach().clone(),
               bias = parameter("down1.conv1.bias").detach().clone();
  const auto layers = step();
  const auto together = [](const Tensor& a, const Tensor& b) {
    return std::hypot(a.norm().item<double>(), b.norm().item<double>());
  };
  const auto& layer = named(layers, "down1.conv1");
  const double norm = together(weight, bias);
  EXPECT_NEAR(layer.weight_norm, norm, 1e-5 * norm);
  const double moved = together(parameter("down1.conv1.weight") - weight, parameter("down1.conv1.bias") - bias) / norm;
  EXPECT_NEAR(*layer.update_ratio, moved, 1e-4 * moved);
  EXPECT_GT(*layer.gradient_norm, 0.011) << "before it is clipped";
  EXPECT_FALSE(named(layers, "down1.norm1").input_std) << "a norm is given nothing that is looked at";
}

TEST_F(LayerActivityTest, BatchesThatMakeOneStepCountTogether) {
  activity.begin_batch();
  task->forward(collate(*data.source.dataset, {0}));
  activity.end_batch();
  activity.begin_batch();
  task->forward(collate(*data.source.dataset, {1, 2, 3}));
  activity.end_batch();
  const auto layers = activity.take();
  const auto& first = named(layers, "down1.conv1");
  EXPECT_NEAR(*first.input_mean, batch.at("image").mean().item<double>(), 1e-5);
  EXPECT_FALSE(first.update_ratio) << "there was no step";
}

TEST_F(LayerActivityTest, AValueThatIsNotFiniteIsToldAsSuch) {
  const torch::NoGradGuard no_grad;
  parameter("down1.conv1.weight").fill_(NAN);
  activity.begin_batch();
  task->forward(batch);
  activity.end_batch();
  EXPECT_TRUE(std::isnan(*named(activity.take(), "bottom.conv1").input_std));
}

TEST_F(LayerActivityTest, IsForgottenOnceTaken) {
  step();
  EXPECT_FALSE(named(activity.take(), "down1.conv1").input_mean);
}

TEST(LayerActivity, WatchingEveryStepChangesNoBitOfARun) {
  const TemporaryFolder root;
  const TrainingData data = disc_data();
  std::string weights[2];
  for (const int every : {0, 1}) {
    const RunConfig config = small_config({{"log.histograms_every", every}, {"log.norm_every", every}});
    const auto run = make_run_folder(root.path(), every ? "watched" : "alone", config);
    ASSERT_EQ(train_in(run, config, data), RunState::completed);
    weights[every] = bytes_of(*newest_checkpoint(run) / "model.safetensors");
  }
  EXPECT_FALSE(weights[0].empty());
  EXPECT_EQ(weights[0], weights[1]);
}

}  // namespace
}  // namespace ablate
