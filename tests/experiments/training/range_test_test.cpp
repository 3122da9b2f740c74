#include "experiments/training/range_test.h"

#include <gtest/gtest.h>

#include "experiments/training/networks.h"
#include "fixtures.h"

namespace ablate {
namespace {

/// A task and batches for it, as the worker makes them.
struct Prepared {
  RunConfig config;
  TrainingData data = disc_data();
  std::unique_ptr<Task> task;
  TrainingBatches batches;
  RangeTest test;

  explicit Prepared(const char* procedure, std::map<std::string, nlohmann::json> changes = {})
      : config(small_config((changes["lr_find.procedure"] = procedure, changes))),
        task((torch::manual_seed(1), torch::set_num_threads(1), make_task("segmentation", config))),
        batches(data, {8, 1}, 0),
        test(*RangeTest::from(config)) {}
  RangeTestResult run(const std::function<bool(const RangeCurve&)>& point = [](const auto&) { return true; }) {
    return run_range_test(test, config, *task, batches, torch::kCPU, point);
  }
};

std::vector<torch::Tensor> copies_of(Task& task) {
  std::vector<torch::Tensor> copies;
  for (const auto& [name, tensor] : state_of(*task.networks().front().module))
    copies.push_back(tensor.detach().clone());
  return copies;
}

TEST(RangeTestRun, LeavesWeightsBuffersAndRandomStateAsTheyWere) {
  for (const char* procedure : {"fastai", "pytorch-lr-finder"}) {
    Prepared run(procedure, {{"lr_find.iterations", 30}});
    const std::vector<torch::Tensor> before = copies_of(*run.task);
    const torch::Tensor random = at::globalContext().defaultGenerator(torch::kCPU).get_state();
    // What the hash sees does change while it lasts, and other random numbers are drawn.
    std::uint64_t hash_within = 0;
    const RangeTestResult result = run.run([&](const RangeCurve&) {
      torch::rand({3});
      std::vector<torch::Tensor> now = copies_of(*run.task);
      now.push_back(at::globalContext().defaultGenerator(torch::kCPU).get_state());
      hash_within = hash_tensors(now);
      return true;
    });
    EXPECT_EQ(result.hash_after, result.hash_before);
    EXPECT_NE(result.hash_before, hash_within);
    const std::vector<torch::Tensor> after = copies_of(*run.task);
    for (std::size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(identical(before[i], after[i])) << i;
    EXPECT_TRUE(identical(random, at::globalContext().defaultGenerator(torch::kCPU).get_state()));
    for (const torch::Tensor& parameter : run.task->networks().front().module->parameters())
      EXPECT_FALSE(parameter.grad().defined());
    EXPECT_GE(result.curve.points().size(), 2u);
  }
}

TEST(RangeTestRun, EndsWhereTheLossDivergesOrIsNoNumberAnyMore) {
  Prepared run(
      "fastai",
      {{"lr_find.start_lr", 1e-3}, {"lr_find.end_lr", 1e6}, {"optimizer.name", "sgd"}, {"model.norm", "none"}});
  const RangeTestResult result = run.run();
  EXPECT_LT(result.curve.points().size(), 100u);
  EXPECT_NE(result.curve.stopped(), "end of range");
  EXPECT_EQ(result.hash_after, result.hash_before);
}

TEST(RangeTestRun, StopsWhenItIsAskedTo) {
  Prepared run("fastai");
  const RangeTestResult result = run.run([](const RangeCurve& curve) { return curve.points().size() < 7; });
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.curve.points().size(), 7u);
  EXPECT_EQ(result.hash_after, result.hash_before);
}

TEST(RangeTestRun, AStepIsOfAsManyBatchesAsTheRunsOwn) {
  // Losses are of the weights before an update: with a rate of nearly 0 two batches make their mean.
  Prepared one("fastai", {{"lr_find.start_lr", 1e-12}, {"lr_find.end_lr", 1e-11}, {"lr_find.iterations", 20}});
  Prepared two(
      "fastai",
      {{"lr_find.start_lr", 1e-12}, {"lr_find.end_lr", 1e-11}, {"lr_find.iterations", 20}, {"train.accumulate", 2}});
  const auto single = one.run(), both = two.run();
  const std::vector<RangePoint>&a = single.curve.points(), &b = both.curve.points();
  for (std::size_t k = 0; k < 10; ++k) EXPECT_NEAR(b[k].loss, (a[2 * k].loss + a[2 * k + 1].loss) / 2, 1e-5) << k;
}

}  // namespace
}  // namespace ablate
