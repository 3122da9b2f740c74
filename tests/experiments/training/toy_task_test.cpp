// The seam between trainer and task, held by something that is no segmentation: a generator and a critic, with an
// optimiser each, two updates a step, and two pictures of its own making.
#include <gtest/gtest.h>

#include "experiments/training/networks.h"
#include "fixtures.h"
#include "runs/run_reader.h"
#include "runs/run_store.h"

namespace ablate {
namespace {

using torch::Tensor;
namespace fs = std::filesystem;

class Toy : public Task {
 public:
  Toy() {
    generator_ = std::make_shared<torch::nn::SequentialImpl>(
        torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 4, 3).padding(1)), torch::nn::ReLU(),
        torch::nn::Conv2d(torch::nn::Conv2dOptions(4, 3, 3).padding(1)));
    critic_ = std::make_shared<torch::nn::SequentialImpl>(
        torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 4, 3).stride(2)), torch::nn::ReLU(),
        torch::nn::AdaptiveAvgPool2d(1), torch::nn::Flatten(), torch::nn::Linear(4, 1));
  }
  std::vector<Network> networks() override { return {{"generator", generator_}, {"critic", critic_}}; }
  std::vector<OptimizerSpec> optimizers() override {
    return {{"generator", generator_->parameters()}, {"critic", critic_->parameters(), 0.5}};
  }
  SampleMetrics step(const Batch& batch, Updater& updater) override {
    // Draws from the random stream: only a restored one repeats it.
    const Tensor real = batch.at("image"), fake = generator_->forward(real + 0.1 * torch::randn_like(real));
    updater.update("critic", {{"critic_real", torch::softplus(-critic_->forward(real)).mean()},
                              {"critic_fake", torch::softplus(critic_->forward(fake.detach())).mean()}});
    updater.update("generator", {{"fool", torch::softplus(-critic_->forward(fake)).mean(), 0.1},
                                 {"l1", (fake - real).abs().mean()}});
    return {{"error", (fake.detach() - real).abs().mean({1, 2, 3})}};
  }
  Evaluation evaluate(const Batch& batch) override {
    const Tensor real = batch.at("image"), fake = generator_->forward(real);
    return {{{"l1", (fake - real).abs().mean()}}, {{"error", (fake - real).abs().mean({1, 2, 3})}}};
  }
  void forward(const Batch& batch) override { generator_->forward(batch.at("image")); }
  std::vector<std::vector<Preview>> previews(const Batch& batch) override {
    const Tensor fake = generator_->forward(batch.at("image"));
    std::vector<std::vector<Preview>> all;
    for (std::int64_t i = 0; i < batch.size(); ++i) {
      const Tensor difference = (fake[i] - batch.at("image")[i]).abs().mean(0, true);
      all.push_back({{"input", batch.at("image")[i], true}, {"painted", fake[i]}, {"difference", difference}});
    }
    return all;
  }
  std::string primary_metric() const override { return "error"; }
  bool higher_is_better() const override { return false; }

 private:
  std::shared_ptr<torch::nn::SequentialImpl> generator_, critic_;
};

RunState train_toy(const fs::path& run, const RunConfig& config, Step stop_at = 0) {
  torch::manual_seed(5);
  Toy toy;
  return train_in(run, config, toy, disc_data(24, 4), stop_at);
}

TEST(ToyTask, TrainsThroughTheSameTrainer) {
  TemporaryFolder root;
  const RunConfig config = small_config();
  const fs::path run = make_run_folder(root.path(), "toy", config);
  ASSERT_EQ(train_toy(run, config), RunState::completed);

  for (const char* file : {"generator.safetensors", "critic.safetensors", "generator.optimizer.safetensors",
                           "critic.optimizer.safetensors", "trainer.json"}) {
    EXPECT_TRUE(fs::exists(run / "checkpoints" / "step-00000012" / file)) << file;
  }
  RunReader reader(run);
  reader.poll();
  const auto read = reader.data();
  for (const char* tag :
       {"loss/train", "loss/train/critic_real", "loss/train/fool", "error/train", "error/val", "error/val_eval"}) {
    EXPECT_TRUE(read->scalars.contains(tag)) << tag;
  }
  EXPECT_TRUE(read->histograms.contains("weights/critic.4.weight"));
  EXPECT_TRUE(read->histograms.contains("gradients/generator.0.weight"));
  EXPECT_EQ(read->images.at("preview/0/painted").back().channels, 3);
  EXPECT_EQ(read->images.at("preview/0/difference").back().channels, 1);
  const auto status = read_status(run);
  EXPECT_EQ(status->best_metric, "error/val");
  EXPECT_LT(read->scalars.at("error/val").back().value, read->scalars.at("error/val")[0].value);
}

TEST(ToyTask, ResumesBothNetworksOptimisersAndTheRandomStreamBitForBit) {
  TemporaryFolder root;
  const RunConfig config = small_config({{"train.clip_norm", 1.0}});
  const fs::path whole = make_run_folder(root.path(), "whole", config),
                 cut = make_run_folder(root.path(), "cut", config);
  ASSERT_EQ(train_toy(whole, config), RunState::completed);
  ASSERT_EQ(train_toy(cut, config, 5), RunState::stopped);
  ASSERT_EQ(train_toy(cut, config), RunState::completed);
  for (const char* file : {"generator.safetensors", "critic.safetensors", "generator.optimizer.safetensors",
                           "critic.optimizer.safetensors"}) {
    const fs::path inside = fs::path("checkpoints") / "step-00000012" / file;
    EXPECT_EQ(bytes_of(whole / inside), bytes_of(cut / inside)) << file;
  }
}

}  // namespace
}  // namespace ablate
