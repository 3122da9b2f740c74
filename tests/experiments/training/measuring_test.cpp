#include <gtest/gtest.h>

#include <cmath>

#include "experiments/training/doctor/norms.h"
#include "experiments/training/layer_stats.h"
#include "experiments/training/models/batch_norm.h"
#include "experiments/training/norm_buffers.h"
#include "experiments/training/not_finite.h"
#include "experiments/training/updates.h"
#include "experiments/training/validation.h"
#include "fixtures.h"

namespace ablate {
namespace {

using torch::Tensor;

/// A segmentation on discs that has made some steps.
struct BrieflyTrained {
  RunConfig config;
  TrainingData data = disc_data(48, 12);
  std::unique_ptr<Task> task;
  FixedBatches held_out, training;

  BrieflyTrained(const std::map<std::string, nlohmann::json>& changes, int steps)
      : config(small_config(changes)),
        task((torch::manual_seed(1), make_task("segmentation", config))),
        held_out(data.source.dataset, data.source.held_out, 4, torch::kCPU),
        training(data.source.dataset, data.source.training, 4, torch::kCPU) {
    torch::set_num_threads(1);
    Updates updates(*task, config, torch::kCPU);
    updates.set({0.02, {}});
    TrainingBatches batches(data, {8, 1}, 0);
    for (int step = 0; step < steps; ++step) task->step(batches.next(), updates);
  }
  torch::nn::Module& module() { return *task->networks().front().module; }
  Diagnosis diagnosis() { return diagnose_norms(*task, held_out, training, 0, true); }
};

TEST(Measuring, MovesNoBufferAndNoCounterInEitherMode) {
  BrieflyTrained run({}, 3);
  const std::uint64_t before = hash_buffers(run.module());
  for (const Mode mode : {Mode::eval, Mode::train}) {
    measure(*run.task, run.held_out, mode);
    EXPECT_EQ(hash_buffers(run.module()), before);
    EXPECT_TRUE(run.module().is_training());
  }
  // The same forward pass outside does move them: the hash sees it.
  run.task->forward(run.held_out.at(0));
  EXPECT_NE(hash_buffers(run.module()), before);
}

TEST(Measuring, ModesDifferWhereRunningStatisticsAreFarOff) {
  BrieflyTrained run({{"model.norm_momentum", 0.0001}}, 10);
  const Measured eval = measure(*run.task, run.held_out, Mode::eval),
                 train = measure(*run.task, run.held_out, Mode::train);
  EXPECT_GT(std::abs(eval.losses.at("") - train.losses.at("")), 1e-3);
}

TEST(Measuring, AveragesOverSamplesNotOverBatches) {
  BrieflyTrained run({{"model.norm", "none"}}, 2);
  FixedBatches uneven(run.data.source.dataset, run.data.source.held_out, 5, torch::kCPU);  // 5, 5 and 2 samples
  const Measured a = measure(*run.task, run.held_out, Mode::eval), b = measure(*run.task, uneven, Mode::eval);
  EXPECT_NEAR(a.metrics.at("iou"), b.metrics.at("iou"), 1e-6);
  EXPECT_NEAR(a.losses.at(""), b.losses.at(""), 1e-5);
}

TEST(LayerStats, ReportsEachPlaceOfASharedNorm) {
  BrieflyTrained run({{"model.norm_sharing", "block"}}, 1);
  LayerStats stats(run.task->networks());
  EXPECT_TRUE(stats.take().empty());
  stats.begin_step();
  run.task->forward(run.held_out.at(0));
  stats.end_step();
  const auto layers = stats.take();
  std::vector<std::string> names;
  for (const auto& layer : layers) names.push_back(layer.name);
  EXPECT_EQ(names, (std::vector<std::string>{"down1.1", "down1.2", "down2.1", "down2.2", "bottom.1", "bottom.2",
                                             "up1.1", "up1.2", "up2.1", "up2.2"}));
  EXPECT_EQ(layers[0].running_mean, layers[1].running_mean);
  EXPECT_NE(layers[0].batch_mean, layers[1].batch_mean);
}

TEST(LayerStats, AveragesTheStepsSinceItWasLastAsked) {
  BatchNorm norm(1);
  LayerStats stats({{"model", std::shared_ptr<torch::nn::Module>(&norm, [](auto*) {})}});
  for (const float shift : {0.f, 10.f}) {
    stats.begin_step();
    norm.forward(torch::tensor({shift + 1, shift + 3}).reshape({1, 1, 1, 2}));
    stats.end_step();
  }
  const auto layers = stats.take();
  ASSERT_EQ(layers.size(), 1u);
  EXPECT_NEAR(layers[0].batch_mean[0], (2 + 12) / 2.0, 1e-5);
  EXPECT_NEAR(layers[0].batch_var[0], 1, 1e-4);
  EXPECT_NEAR(layers[0].running_mean[0], 0.9 * 0.2 + 0.1 * 12, 1e-5);
  EXPECT_NEAR(layers[0].gap, std::abs(layers[0].running_mean[0] - 7), 1e-3);
  EXPECT_TRUE(stats.take().empty());
}

TEST(PreciseStatistics, EqualPyTorchsUpdateBn) {
  BrieflyTrained run({}, 3);
  const PreciseStatistics precise(*run.task, run.training, 5);
  ASSERT_EQ(precise.modules().size(), 10u);
  // update_bn: momentum None, buffers reset, one pass in train mode.
  auto reference = make_task("segmentation", small_config({{"model.norm_momentum", nullptr}}));
  torch::NoGradGuard no_grad;
  const auto from = state_of(run.module());
  const auto to = state_of(*reference->networks().front().module);
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i].first.find("running") == std::string::npos && from[i].first.find("num_") == std::string::npos) {
      Tensor target = to[i].second;
      target.copy_(from[i].second);
    }
  }
  for (std::size_t i = 0; i < 5; ++i) reference->forward(run.training.at(i));
  const auto norms = norm_modules(reference->networks());
  for (std::size_t i = 0; i < norms.size(); ++i) {
    EXPECT_TRUE(torch::allclose(precise.modules()[i].places[0].mean, norms[i].module->running_mean, 1e-4, 1e-5));
    EXPECT_TRUE(torch::allclose(precise.modules()[i].places[0].variance, norms[i].module->running_var, 1e-4, 1e-5));
  }
}

TEST(Doctor, NamesASharedNormAndWhereItIsUsed) {
  BrieflyTrained run({{"model.norm_sharing", "block"}}, 60);
  const std::uint64_t before = hash_buffers(run.module());
  const Diagnosis diagnosis = run.diagnosis();
  EXPECT_EQ(hash_buffers(run.module()), before);
  ASSERT_EQ(diagnosis.findings.size(), 1u);
  const Finding& finding = diagnosis.findings.front();
  EXPECT_EQ(finding.cause, "shared-norm");
  EXPECT_EQ(finding.cure, "model.norm_sharing = none");
  EXPECT_NE(finding.sentence.find("Each of the 5 blocks uses one norm module at two places (down1.1 = down1.2"),
            std::string::npos)
      << finding.sentence;
  EXPECT_NE(finding.sentence.find("eval mode loses ."), std::string::npos) << finding.sentence;
}

TEST(Doctor, NamesASharedInstanceNormWhereItTracksStatistics) {
  BrieflyTrained run({{"model.norm", "instance"}, {"model.norm_track", true}, {"model.norm_sharing", "block"}}, 60);
  const Diagnosis diagnosis = run.diagnosis();
  ASSERT_EQ(diagnosis.findings.size(), 1u);
  EXPECT_EQ(diagnosis.findings.front().cause, "shared-norm");
}

TEST(PreciseStatistics, OfInstanceNormsAreThePlainMeanOfTheirBatches) {
  const std::map<std::string, nlohmann::json> tracking{{"model.norm", "instance"}, {"model.norm_track", true}};
  BrieflyTrained run(tracking, 3);
  const PreciseStatistics precise(*run.task, run.training, 1);
  ASSERT_EQ(precise.modules().size(), 10u);
  // Momentum 1: the buffers are those of the last batch.
  RunConfig whole = small_config(tracking);
  whole.set("model.norm_momentum", 1);
  auto reference = make_task("segmentation", whole);
  torch::NoGradGuard no_grad;
  const auto from = state_of(run.module());
  auto to = state_of(*reference->networks().front().module);
  for (std::size_t i = 0; i < from.size(); ++i) to[i].second.copy_(from[i].second);
  reference->forward(run.training.at(0));
  const auto norms = norm_modules(reference->networks());
  for (std::size_t i = 0; i < norms.size(); ++i) {
    EXPECT_TRUE(torch::allclose(precise.modules()[i].places[0].mean, norms[i].module->running_mean, 1e-4, 1e-5));
    EXPECT_TRUE(torch::allclose(precise.modules()[i].places[0].variance, norms[i].module->running_var, 1e-4, 1e-5));
  }
}

TEST(Doctor, SaysNothingOfAHealthyRun) {
  BrieflyTrained run({{"model.norm_momentum", 0.2}}, 120);
  const Diagnosis diagnosis = run.diagnosis();
  EXPECT_TRUE(diagnosis.findings.empty()) << diagnosis.findings.front().sentence;
  EXPECT_TRUE(diagnosis.recalibrated.has_value());
}

TEST(Doctor, TellsBuffersThatLagFromBuffersThatAreShared) {
  BrieflyTrained run({{"model.norm_momentum", 0.001}}, 60);
  const Diagnosis diagnosis = run.diagnosis();
  ASSERT_EQ(diagnosis.findings.size(), 1u);
  EXPECT_EQ(diagnosis.findings.front().cause, "norm-lag");
  EXPECT_FALSE(diagnosis.findings.front().layer.empty());
}

TEST(Doctor, BlamesTheOnePlaceWhoseBuffersAreOff) {
  BrieflyTrained run({{"model.norm_momentum", 0.2}}, 120);
  {
    const torch::NoGradGuard no_grad;
    Tensor mean = run.module().named_buffers()["up1.norm2.running_mean"];
    mean.add_(10 * run.module().named_buffers()["up1.norm2.running_var"].sqrt());
  }
  const Diagnosis diagnosis = run.diagnosis();
  ASSERT_FALSE(diagnosis.findings.empty());
  const std::vector<LayerBlame>& blame = diagnosis.findings.front().blame;
  ASSERT_EQ(blame.size(), 10u);
  EXPECT_EQ(blame[0].layer, "up1.2");
  EXPECT_GT(blame[0].gain, 0.05);
}

TEST(OtherBuffers, WithTheBatchsInEveryLayerEvalModeIsTrainMode) {
  BrieflyTrained run({{"model.norm_momentum", 0.01}}, 20);
  const PreciseStatistics precise(*run.task, run.training, 1);
  const double eval = measure(*run.task, run.held_out, Mode::eval).losses.at("");
  const double train = measure(*run.task, run.held_out, Mode::train).losses.at("");
  ASSERT_GT(std::abs(eval - train), 1e-3);
  {
    OtherBuffers all;
    for (const auto& module : precise.modules()) all.batch(module, 0);
    EXPECT_EQ(measure(*run.task, run.held_out, Mode::eval).losses.at(""), train);
  }
  EXPECT_EQ(measure(*run.task, run.held_out, Mode::eval).losses.at(""), eval);
}

TEST(Doctor, HasNothingToSayOfNormsWithoutBuffers) {
  for (const char* norm : {"instance", "group", "none"}) {
    BrieflyTrained run({{"model.norm", norm}, {"model.norm_sharing", "block"}, {"model.norm_groups", 2}}, 5);
    const Diagnosis diagnosis = run.diagnosis();
    EXPECT_TRUE(diagnosis.findings.empty());
    EXPECT_FALSE(diagnosis.recalibrated.has_value());
  }
}

TEST(FirstNotFinite, IsWhereItAppearsAlsoWhereLaterNormsKeepItInTheirBuffers) {
  BrieflyTrained net({}, 1);
  const Batch batch = net.training.at(0);
  EXPECT_EQ(first_not_finite(*net.task, batch), std::nullopt);
  {
    const torch::NoGradGuard no_grad;
    net.module().named_parameters()["up1.reduce.weight"].fill_(1e38);
    net.task->forward(batch);  // As a step does: norms behind it take NaN into their buffers.
  }
  EXPECT_TRUE(not_finite_weights(net.task->networks()).has_value());
  EXPECT_EQ(first_not_finite(*net.task, batch),
            "what up1.conv1 gets as its input (the convolution before it is up1.reduce)");
}

TEST(Updates, AreNotMadeOnceALossWasNotFiniteWhateverBatchesCome) {
  BrieflyTrained net({{"train.accumulate", 2}}, 0);
  Updates updates(*net.task, net.config, torch::kCPU);
  updates.set({0.02, {}});
  const Tensor weight = net.module().named_parameters()["down1.conv1.weight"];
  const Tensor before = weight.detach().clone();
  const std::string optimizer = net.task->optimizers().front().name;
  updates.begin_batch(0);
  updates.update(optimizer, {{"loss", weight.sum() * NAN, 1}});
  updates.begin_batch(1);
  updates.update(optimizer, {{"loss", weight.sum(), 1}});
  EXPECT_TRUE(identical(weight, before));
  EXPECT_TRUE(std::isnan(updates.not_finite().value()));
}

}  // namespace
}  // namespace ablate
