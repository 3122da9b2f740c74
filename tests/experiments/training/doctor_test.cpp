#include "experiments/training/doctor/doctor.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>

#include "experiments/cure.h"
#include "experiments/training/doctor/early_findings.h"
#include "experiments/training/doctor/misplaced_masks.h"
#include "experiments/training/doctor/near_copies.h"
#include "experiments/training/doctor/rehearsal.h"
#include "experiments/training/norm_buffers.h"
#include "experiments/training/updates.h"
#include "fixtures.h"

namespace ablate {
namespace {

using torch::Tensor;

Tensor noise_pictures(std::int64_t count) {
  torch::manual_seed(3);
  return torch::rand({count, 3, 40, 32});
}

TEST(NearCopies, AreFoundMirroredLighterAndCropped) {
  const Tensor others = noise_pictures(12);
  const Tensor mirrored = others.slice(0, 4, 5).flip(3) * 0.7 + 0.2;
  const Tensor cropped = others.slice(0, 7, 8).slice(2, 1, 39).slice(3, 1, 31);
  const std::vector<Likeness> found = most_alike(mirrored, others);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].other, 4u);
  EXPECT_GT(found[0].correlation, 0.9);
  EXPECT_EQ(most_alike(cropped, others)[0].other, 7u);
}

/// Light things on dark grounds, and masks of them.
SeenSet light_things(std::int64_t count) {
  SeenSet set = {"training", std::vector<std::string>(static_cast<std::size_t>(count)), {}, {}, {}, {}};
  set.inputs = 0.3 * noise_pictures(count);
  set.targets = torch::zeros({count, 1, 40, 32});
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t top = 8 + i % 5, left = 7 + i % 7;
    for (Tensor* planes : {&set.inputs, &set.targets}) {
      planes->select(0, i).slice(1, top, top + 20).slice(2, left, left + 5).add_(1);
      planes->select(0, i).slice(1, top + 15, top + 20).slice(2, left, left + 12).clamp_min_(1);
    }
  }
  return set;
}

TEST(MisplacedMasks, AreNamedByHowTheyAreMovedAndThoseThatAreOnlyTooLargeAreNot) {
  const SeenSet right = light_things(24);
  EXPECT_FALSE(misplacement(right));
  const auto changed = [&](const Tensor& targets) {
    SeenSet set = right;
    set.targets = targets;
    return misplacement(set);
  };
  EXPECT_EQ(changed(right.targets.roll({4}, {2})).value().how, "4 of 40 pixels too far down");
  EXPECT_EQ(changed(right.targets.roll({-3, -3}, {2, 3})).value().how,
            "3 of 32 pixels too far to the left and 3 of 40 pixels too far up");
  EXPECT_EQ(changed(right.targets.flip(3)).value().how, "mirrored");
  EXPECT_EQ(changed(right.targets.flip({2, 3})).value().how, "turned by half a circle");
  const Tensor smaller = torch::zeros_like(right.targets);
  smaller.slice(2, 5, 35).slice(3, 4, 28) = torch::nn::functional::adaptive_max_pool2d(
      right.targets, torch::nn::functional::AdaptiveMaxPool2dFuncOptions({30, 24}));
  EXPECT_EQ(changed(smaller).value().how, "about 80 % of the size they should have");
  const auto wider = torch::nn::functional::MaxPool2dFuncOptions(5).stride(1).padding(2);
  EXPECT_FALSE(changed(torch::nn::functional::max_pool2d(right.targets, wider)));
}

TEST(NearCopies, OfASetWithItselfNoneIsItsOwn) {
  const Tensor pictures = noise_pictures(3);
  const std::vector<Likeness> found = most_alike(pictures, pictures, true);
  ASSERT_EQ(found.size(), 3u);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_NE(found[i].other, i);
    EXPECT_LT(found[i].correlation, 0.7);
  }
  EXPECT_TRUE(most_alike(pictures.slice(0, 0, 1), pictures.slice(0, 0, 1), true).empty());
}

TEST(StillMoved, MovesBuffersAndPutsThemBackBitForBit) {
  const RunConfig config = small_config({});
  const TrainingData data = disc_data(16, 4);
  const std::unique_ptr<Task> task = make_task("segmentation", config);
  torch::nn::Module& module = *task->networks().front().module;
  FixedBatches training(data.source.dataset, data.source.training, 4, torch::kCPU);
  const std::uint64_t before = hash_buffers(module);
  {
    StillMoved buffers(*task);
    buffers.move(training, 2);
    EXPECT_NE(hash_buffers(module), before);
  }
  EXPECT_EQ(hash_buffers(module), before);
  EXPECT_TRUE(module.is_training());
}

TEST(Rehearsals, AreTheSameEveryTimeAndStopWhereALossIsNotFinite) {
  const TrainingData data = disc_data(16, 4);
  FixedBatches judged(data.source.dataset, data.source.training, 4, torch::kCPU);
  const RunConfig config = small_config({{"train.batch_size", 4}});
  const Rehearsal first = rehearse(config, data, judged, 3, torch::kCPU),
                  again = rehearse(config, data, judged, 3, torch::kCPU);
  EXPECT_EQ(first.steps, 3);
  EXPECT_TRUE(first.finite);
  EXPECT_EQ(first.metric, again.metric);
  const RunConfig wild = small_config({{"train.batch_size", 4},
                                       {"model.norm", "none"},
                                       {"model.activation", "identity"},
                                       {"optimizer.name", "sgd"},
                                       {"optimizer.lr", 1000}});
  const Rehearsal ended = rehearse(wild, data, judged, 50, torch::kCPU);
  EXPECT_FALSE(ended.finite);
  EXPECT_LT(ended.steps, 50);
}

TEST(Rehearsals, GoOnFromTheWeightsTheyAreGiven) {
  const TrainingData data = disc_data(16, 4);
  FixedBatches judged(data.source.dataset, data.source.training, 4, torch::kCPU);
  const RunConfig config = small_config({{"train.batch_size", 4}});
  const std::unique_ptr<Task> trained = make_task("segmentation", config);
  const double own = PrimaryMetric(*trained).of(judged, Mode::train);
  EXPECT_EQ(rehearse(config, data, judged, 2, torch::kCPU, {trained.get(), 0.0}).metric, own);
  EXPECT_NE(rehearse(config, data, judged, 2, torch::kCPU, {trained.get()}).metric, own);
  EXPECT_EQ(PrimaryMetric(*trained).of(judged, Mode::train), own) << "which stay as they are";
}

TEST(Rehearsals, KnowTheRatesOfASchedule) {
  const TrainingData data = disc_data(16, 4);
  const Rates rates = rates_of(small_config({{"train.steps", 100},
                                             {"optimizer.lr", 0.1},
                                             {"schedule.name", "multistep"},
                                             {"schedule.milestones", {30, 60}},
                                             {"schedule.gamma", 0.05}}),
                               data);
  EXPECT_DOUBLE_EQ(rates.highest.lr, 0.1);
  EXPECT_NEAR(rates.last, 0.1 * 0.05 * 0.05, 1e-9);
  EXPECT_DOUBLE_EQ(rates.near_highest, 0.3);
}

TEST(Doctor, LeavesTheNetworkAsItWasAndNamesWeightsThatAreNotFinite) {
  const RunConfig config = small_config({{"train.batch_size", 4}});
  const TrainingData data = disc_data(24, 8);
  const std::unique_ptr<Task> task = make_task("segmentation", config);
  Patient patient{config, *task, data, torch::kCPU};
  patient.steps = 100;
  const auto state = [&] {
    std::vector<Tensor> all;
    for (const auto& [name, tensor] : state_of(*task->networks().front().module)) all.push_back(tensor);
    return hash_tensors(all);
  };
  const std::uint64_t before = state();
  const Diagnosis untrained = examine(patient, [](const std::string&) {});
  EXPECT_EQ(state(), before);
  EXPECT_FALSE(untrained.tests.empty());

  {
    const torch::NoGradGuard no_grad;
    task->networks().front().module->parameters().front().fill_(NAN);
  }
  const Diagnosis broken = examine(patient, [](const std::string&) {});
  ASSERT_EQ(broken.findings.size(), 1u);
  EXPECT_EQ(broken.findings[0].cause, "not-finite");
  EXPECT_THAT(broken.untested, testing::Contains(testing::HasSubstr("anything else")));
}

TEST(Doctor, SaysTheSameWithTheKeysHiddenFromIt) {
  torch::set_num_threads(1);
  const TrainingData data = disc_data(48, 12);
  const RunConfig hiding = small_config({});
  for (const auto& [cause, key, planted] : {std::tuple("shared-norm", "model.norm_sharing", nlohmann::json("block")),
                                            std::tuple("norm-lag", "model.norm_momentum", nlohmann::json(0.001))}) {
    const RunConfig telling = small_config({{key, planted}});
    torch::manual_seed(1);
    const std::unique_ptr<Task> task = make_task("segmentation", telling);
    Updates updates(*task, telling, torch::kCPU);
    updates.set({0.02, {}});
    TrainingBatches batches(data, {8, 1}, 0);
    for (int step = 0; step < 60; ++step) task->step(batches.next(), updates);
    std::vector<std::string> said;
    for (const RunConfig* config : {&telling, &hiding}) {
      Patient patient{*config, *task, data, torch::kCPU};
      patient.steps = patient.forwards = 60;
      const Diagnosis diagnosis = examine(patient, [](const std::string&) {});
      ASSERT_FALSE(diagnosis.findings.empty()) << cause;
      EXPECT_EQ(diagnosis.findings.front().cause, cause);
      said.push_back(diagnosis.findings.front().sentence);
    }
    EXPECT_EQ(said[0], said[1]);
    const std::unique_ptr<Task> loaded = copied_task(hiding, torch::kCPU, task.get());  // With norms of their own.
    Patient patient{hiding, *loaded, data, torch::kCPU};
    patient.steps = patient.forwards = 60;
    const Diagnosis diagnosis = examine(patient, [](const std::string&) {});
    ASSERT_FALSE(diagnosis.findings.empty()) << cause;
    EXPECT_EQ(diagnosis.findings.front().cause, cause);
  }
}

TEST(Doctor, TestsWhatItCanWhereTheWeightsThatARunBeganWithAreGone) {
  const RunConfig config = small_config({{"init.from", "/no/such/run"}});
  const TrainingData data = disc_data(24, 8);
  const std::unique_ptr<Task> task = make_task("segmentation", config);
  Patient patient{config, *task, data, torch::kCPU};
  patient.steps = patient.forwards = 100;
  const Diagnosis diagnosis = examine(patient, [](const std::string&) {});
  EXPECT_THAT(diagnosis.untested,
              testing::Contains(testing::AllOf(testing::StartsWith("what needs the weights that the run began with"),
                                               testing::HasSubstr("/no/such/run"))));
  EXPECT_THAT(diagnosis.tests, testing::Not(testing::Contains(testing::HasSubstr("from the start"))));
}

TEST(Doctor, NamesLayersThatHaveTheWeightsThatTheRunBeganWith) {
  torch::set_num_threads(1);
  const TrainingData data = disc_data(48, 12);
  const RunConfig config = small_config({});
  const std::unique_ptr<Task> task = copied_task(config, torch::kCPU, nullptr);
  std::vector<std::pair<Tensor, Tensor>> frozen;
  for (const auto& [name, parameter] : unique_parameters(*task->networks().front().module))
    if (name.starts_with("down1.conv")) frozen.emplace_back(parameter, parameter.detach().clone());
  Updates updates(*task, config, torch::kCPU);
  updates.set({0.02, {}});
  TrainingBatches batches(data, {8, 1}, 0);
  for (int step = 0; step < 40; ++step) {
    task->step(batches.next(), updates);
    const torch::NoGradGuard no_grad;
    for (auto& [parameter, begun] : frozen) parameter.copy_(begun);
  }
  Patient patient{config, *task, data, torch::kCPU};
  patient.steps = patient.forwards = 40;
  const auto causes = [&] {
    std::vector<std::string> all;
    for (const Finding& finding : examine(patient, [](const std::string&) {}).findings)
      all.push_back(finding.cause + " " + finding.layer);
    return all;
  };
  EXPECT_THAT(causes(), testing::Contains("layers-not-updated down1.conv1"));
  {
    const torch::NoGradGuard no_grad;
    for (auto& [parameter, begun] : frozen) parameter.mul_(1.0001);
  }
  EXPECT_THAT(causes(), testing::Not(testing::Contains(testing::StartsWith("layers-not-updated"))));
}

TEST(EarlyFindings, WaitForASecondLook) {
  const TemporaryFolder folder;
  std::vector<std::string> said;
  EarlyFindings early(folder.path(), [&](const std::string& line) { said.push_back(line); });
  std::vector<LayerActivity::Layer> layers(4);
  for (std::size_t i = 0; i < 4; ++i) layers[i] = {fmt::format("conv{}", i), 0.5, 1.0, 0.1, 1.0, 0.1, 0.001};
  layers[2].gradient_norm.reset();  // Never has one.
  early.look(1, layers);
  EXPECT_TRUE(said.empty());
  layers[0].gradient_norm = 0;
  layers[1].input_zeros = 1;
  layers[3].gradient_norm.reset();  // Had one: other networks' turns are other steps.
  early.look(2, layers);
  EXPECT_THAT(said, testing::ElementsAre(testing::HasSubstr("1 of 4 layers as they are (conv2)")));
  early.look(3, {});  // Not looked at.
  early.look(4, layers);
  EXPECT_THAT(said, testing::ElementsAre(testing::_, testing::HasSubstr("dead-units")));
  EXPECT_EQ(early.still_seen().size(), 2u);
  const auto kept = read_findings(folder.path());
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].layer, "conv2");
  EXPECT_EQ(kept[1].layer, "conv1");
  EXPECT_FALSE(examined_at_the_end(folder.path()));
  write_findings(folder.path(), {});
  EXPECT_TRUE(examined_at_the_end(folder.path()));
}

TEST(EarlyFindings, AskWhyOnceEvalModeHasLostALotTwiceUntilSharingIsWhy) {
  const TemporaryFolder folder;
  std::vector<Step> asked;
  EarlyFindings early(folder.path(), [](const std::string&) {});
  const auto validate = [&](Step step, double lost) {
    early.validated(step, lost, [&]() -> std::optional<Finding> {
      asked.push_back(step);
      if (asked.size() == 1) return std::nullopt;
      Finding finding;
      finding.cause = "shared-norm";
      return finding;
    });
  };
  for (const auto& [step, lost] :
       {std::pair(10, 0.3), std::pair(20, 0.05), std::pair(30, 0.3), std::pair(40, 0.3), std::pair(50, 0.3)})
    validate(step, lost);
  EXPECT_THAT(asked, testing::ElementsAre(40));
  validate(80, 0.3);
  validate(160, 0.3);
  EXPECT_THAT(asked, testing::ElementsAre(40, 80));
  const auto kept = read_findings(folder.path());
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].cause, "shared-norm");
}

TEST(Cures, MayChangeSeveralOptionsAtOnce) {
  const RunConfig config = small_config({});
  const auto both = cured(config, "model.norm = group, optimizer.lr = 0.5");
  ASSERT_TRUE(both);
  EXPECT_EQ(both->text("model.norm"), "group");
  EXPECT_EQ(both->real("optimizer.lr"), 0.5);
  EXPECT_FALSE(cured(config, "more pictures, fewer steps"));
  EXPECT_FALSE(cured(config, "optimizer.lr = 0.5, of.nothing = 1"));
}

}  // namespace
}  // namespace ablate
