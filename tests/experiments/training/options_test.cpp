// What single options of a run do, seen in what it leaves behind.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "experiments/catalogue.h"
#include "experiments/training/checkpoint.h"
#include "fixtures.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/run_reader.h"
#include "runs/run_store.h"
#include "runs/safetensors.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

std::vector<float> floats(const fs::path& file, const std::string& name) {
  const SafetensorsFile opened(file);
  const TensorView& view = opened.tensors().at(name);
  std::vector<float> values(view.bytes.size() / sizeof(float));
  std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
  return values;
}

std::int64_t counter(const fs::path& file, const std::string& name) {
  const SafetensorsFile opened(file);
  std::int64_t value = 0;
  std::memcpy(&value, opened.tensors().at(name).bytes.data(), sizeof value);
  return value;
}

constexpr const char* kWeight = "down1.conv1.weight";
constexpr const char* kCounter = "down1.norm1.num_batches_tracked";

struct OptionsTest : testing::Test {
  TemporaryFolder root;
  TrainingData data = disc_data();

  fs::path trained(const std::string& name, const std::map<std::string, nlohmann::json>& changes,
                   RunState expected = RunState::completed) {
    const RunConfig config = small_config(changes);
    const fs::path run = make_run_folder(root.path(), name, config);
    EXPECT_EQ(train_in(run, config, data), expected) << name;
    return run;
  }
  static fs::path file(const fs::path& run, int step, const std::string& name) {
    return run / "checkpoints" / fmt::format("step-{:08}", step) / name;
  }
  static std::map<std::string, double> metrics(const fs::path& run) { return read_status(run)->metrics; }
};

TEST_F(OptionsTest, WithEverythingThatRemembersAResumedRunIsTheUninterruptedOneBitForBit) {
  for (const auto& changes : std::vector<std::map<std::string, nlohmann::json>>{
           {{"train.ema", 0.9}, {"swa.start", 4}, {"swa.every", 2}, {"swa.lr", 0.01}, {"schedule.name", "cosine"}},
           {{"schedule.name", "plateau"}, {"schedule.patience", 0}, {"validation.every", 2}},
           {{"train.accumulate", 2}, {"optimizer.name", "rmsprop"}, {"optimizer.momentum", 0.9}},
           {{"train.precision", "bf16"}, {"optimizer.name", "adamw"}},
           {{"train.precision", "fp16"}, {"optimizer.name", "adagrad"}},
           {{"optimizer.name", "sgd"}, {"optimizer.nesterov", true}, {"schedule.name", "cyclic"}}}) {
    const RunConfig config = small_config(changes);
    const std::string name = std::to_string(std::hash<std::string>{}(config.to_json().dump()));
    const fs::path whole = trained(name + "-whole", changes);
    const fs::path cut = make_run_folder(root.path(), name + "-cut", config);
    EXPECT_EQ(train_in(cut, config, data, 7), RunState::stopped);
    EXPECT_EQ(train_in(cut, config, data), RunState::completed);
    for (const fs::directory_entry& each : fs::directory_iterator(file(whole, 12, ""))) {
      if (each.path().extension() != ".safetensors") continue;
      EXPECT_EQ(bytes_of(each.path()), bytes_of(file(cut, 12, each.path().filename()))) << each.path();
    }
  }
}

TEST_F(OptionsTest, EmaIsTheRunningAverageOfTheWeightsAndIsMeasured) {
  const fs::path run = trained("ema", {{"train.ema", 0.8}, {"checkpoint.every", 1}, {"checkpoint.keep", 100}});
  for (int step = 2; step <= 12; ++step) {
    const auto before = floats(file(run, step - 1, "model.ema.safetensors"), kWeight);
    const auto after = floats(file(run, step, "model.ema.safetensors"), kWeight);
    const auto weights = floats(file(run, step, "model.safetensors"), kWeight);
    for (std::size_t i = 0; i < after.size(); ++i) EXPECT_NEAR(after[i], 0.8 * before[i] + 0.2 * weights[i], 1e-6);
  }
  EXPECT_TRUE(metrics(run).contains("iou/val_ema"));
  EXPECT_TRUE(metrics(run).contains("loss/val_ema"));
}

TEST_F(OptionsTest, SwaIsTheMeanOfTheWeightsWithStatisticsOfItsOwn) {
  const fs::path run =
      trained("swa", {{"swa.start", 6}, {"swa.every", 2}, {"checkpoint.every", 1}, {"checkpoint.keep", 100}});
  const auto averaged = floats(file(run, 12, "model.swa.safetensors"), kWeight);
  std::vector<float> mean(averaged.size(), 0);
  for (const int step : {8, 10, 12}) {
    const auto weights = floats(file(run, step, "model.safetensors"), kWeight);
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += weights[i] / 3;
  }
  for (std::size_t i = 0; i < mean.size(); ++i) EXPECT_NEAR(averaged[i], mean[i], 1e-6);
  EXPECT_NE(floats(file(run, 12, "model.swa.safetensors"), "down1.norm1.running_mean"),
            floats(file(run, 12, "model.safetensors"), "down1.norm1.running_mean"));
  EXPECT_TRUE(metrics(run).contains("iou/val_swa"));
  EXPECT_EQ(floats(file(run, 12, "model.safetensors"), kWeight),
            floats(file(trained("plain", {}), 12, "model.safetensors"), kWeight));  // Averaging disturbs nothing.
}

TEST_F(OptionsTest, AccumulatedBatchesMakeTheStepOfOneLargeBatch) {
  const std::map<std::string, nlohmann::json> plain{
      {"model.norm", "none"}, {"optimizer.name", "sgd"}, {"optimizer.lr", 0.01}, {"data.flip", 0}};
  auto accumulated = plain, whole = plain;
  accumulated.insert({{"train.accumulate", 2}, {"train.batch_size", 4}});
  whole.insert({{"train.batch_size", 8}});
  const auto a = floats(file(trained("accumulated", accumulated), 12, "model.safetensors"), kWeight);
  const auto b = floats(file(trained("whole", whole), 12, "model.safetensors"), kWeight);
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-5);
}

TEST_F(OptionsTest, TheFaultyAccumulationOnlyMovesNormStatisticsWithTheOtherBatches) {
  EXPECT_EQ(counter(file(trained("one", {}), 12, "model.safetensors"), kCounter), 12);
  EXPECT_EQ(counter(file(trained("good", {{"train.accumulate", 3}}), 12, "model.safetensors"), kCounter), 36);
  const fs::path fault = trained("fault", {{"train.accumulate", 3}, {"train.accumulate_fault", true}});
  EXPECT_EQ(counter(file(fault, 12, "model.safetensors"), kCounter), 36);
  RunReader reader(fault);
  reader.poll();
  EXPECT_EQ(reader.data()->scalars.at("loss/train").size(), 12u);
}

TEST_F(OptionsTest, ARunThatDoesNotBecomeBetterEndsEarly) {
  const fs::path run =
      trained("early", {{"optimizer.lr", 0}, {"model.norm", "none"}, {"validation.every", 1}, {"train.stop_after", 3}});
  EXPECT_EQ(read_status(run)->step, 4);
  EXPECT_EQ(read_status(run)->best_step, 1);
  EXPECT_TRUE(fs::exists(file(run, 4, "trainer.json")));
}

TEST_F(OptionsTest, TheBestCheckpointIsThatOfTheMetricAskedFor) {
  EXPECT_EQ(read_status(trained("loss", {{"checkpoint.metric", "loss/val"}}))->best_metric, "loss/val");
  const RunConfig config = small_config({{"checkpoint.metric", "iou/vall"}});
  const fs::path run = make_run_folder(root.path(), "unknown", config);
  EXPECT_THAT([&] { train_in(run, config, data); },
              testing::ThrowsMessage<Error>(
                  testing::AllOf(testing::HasSubstr("checkpoint.metric"), testing::HasSubstr("iou/val_train_mode"))));
}

TEST_F(OptionsTest, ValidationOnTrainingSamplesHasTagsOfItsOwn) {
  const auto both = metrics(trained("both", {{"validation.on", "both"}}));
  for (const char* tag :
       {"iou/val", "iou/train_set", "iou/train_set_eval", "iou/train_set_train_mode", "loss/train_set"})
    EXPECT_TRUE(both.contains(tag)) << tag;
  const fs::path alone = trained("alone", {{"validation.on", "training"}});
  EXPECT_FALSE(metrics(alone).contains("iou/val"));
  EXPECT_EQ(read_status(alone)->best_metric, "iou/train_set");
}

TEST_F(OptionsTest, ALossThatIsNotFiniteIsTracedAndLeavesTheWeightsAsTheyWere) {
  const RunConfig config = small_config({{"model.norm", "none"},
                                         {"optimizer.name", "sgd"},
                                         {"optimizer.lr", 1e3},
                                         {"train.steps", 200},
                                         {"checkpoint.every", 1}});
  const fs::path run = make_run_folder(root.path(), "diverges", config);
  EXPECT_THAT([&] { train_in(run, config, data); },
              testing::ThrowsMessage<Diverged>(
                  testing::ContainsRegex("First not finite is (what .* gets|the loss)|The weights .* became")));
  const auto last = newest_checkpoint(run);
  ASSERT_TRUE(last.has_value());
  for (const float weight : floats(*last / "model.safetensors", kWeight)) EXPECT_TRUE(std::isfinite(weight));
}

TEST_F(OptionsTest, WeightsThatAreNotFiniteNeverTakeTheLastGoodCheckpointsPlace) {
  for (const int scalars_every : {1, 40}) {
    const RunConfig config = small_config({{"optimizer.name", "sgd"},
                                           {"optimizer.lr", 1e3},
                                           {"optimizer.weight_decay", 1e3},
                                           {"train.steps", 200},
                                           {"checkpoint.every", 1},
                                           {"checkpoint.keep", 1},
                                           {"log.scalars_every", scalars_every}});
    const fs::path run = make_run_folder(root.path(), fmt::format("infinite-{}", scalars_every), config);
    EXPECT_THROW(train_in(run, config, data), Diverged);
    const auto last = newest_checkpoint(run);
    ASSERT_TRUE(last.has_value());
    const SafetensorsFile kept(*last / "model.safetensors");
    for (const auto& [name, tensor] : kept.tensors()) {
      if (tensor.dtype != "F32") continue;
      for (const float weight : floats(*last / "model.safetensors", name)) ASSERT_TRUE(std::isfinite(weight)) << name;
    }
  }
}

TEST_F(OptionsTest, TheLayerThatIsNotFiniteIsNamedInMixedPrecisionToo) {
  const RunConfig config = small_config({{"model.norm", "none"},
                                         {"optimizer.name", "sgd"},
                                         {"optimizer.lr", 1e3},
                                         {"train.precision", "bf16"},
                                         {"train.steps", 200}});
  const fs::path run = make_run_folder(root.path(), "mixed", config);
  EXPECT_THAT(
      [&] { train_in(run, config, data); },
      testing::ThrowsMessage<Diverged>(testing::ContainsRegex("what (down|bottom|up|head)[^ ]* gets|The weights")));
}

TEST_F(OptionsTest, LengthsThatDoNotFitAreNamedBeforeTheFirstStep) {
  const auto refused = [&](const std::map<std::string, nlohmann::json>& changes, const char* says) {
    const RunConfig config = small_config(changes);
    const fs::path run = make_run_folder(root.path(), says, config);
    EXPECT_THAT([&] { train_in(run, config, data); }, testing::ThrowsMessage<Error>(testing::HasSubstr(says)));
    EXPECT_FALSE(newest_checkpoint(run).has_value());
  };
  refused({{"schedule.warmup_steps", "5ep"}}, "schedule.warmup_steps");
  refused({{"swa.start", 11}, {"swa.every", 3}}, "swa.start");
  refused({{"train.accumulate", 9}}, "train.accumulate");
}

TEST_F(OptionsTest, TheMemoryFormatChangesNothingButRounding) {
  const auto a = floats(file(trained("last", {{"train.steps", 2}}), 2, "model.safetensors"), kWeight);
  const auto b = floats(
      file(trained("first", {{"train.steps", 2}, {"train.channels_last", false}}), 2, "model.safetensors"), kWeight);
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 5e-3);
}

TEST_F(OptionsTest, MixedPrecisionTrainsWithEveryNormAndActivationAndKeepsFullWeights) {
  for (const char* precision : {"bf16", "fp16"}) {
    for (const char* key : {"model.norm", "model.activation"}) {
      for (const std::string& value : find_option(key)->choices) {
        const fs::path run =
            trained(fmt::format("{}-{}-{}", precision, key + 6, value),
                    {{"train.precision", precision}, {key, value}, {"model.channels", 8}, {"train.steps", 2}});
        EXPECT_EQ(SafetensorsFile(file(run, 2, "model.safetensors")).tensors().at(kWeight).dtype, "F32");
      }
    }
  }
  EXPECT_NE(floats(file(trained("bf16", {{"train.precision", "bf16"}}), 12, "model.safetensors"), kWeight),
            floats(file(trained("fp32", {}), 12, "model.safetensors"), kWeight));
}

TEST_F(OptionsTest, AFloat16RunRemembersTheScaleOfItsLosses) {
  const fs::path run = trained("fp16", {{"train.precision", "fp16"}});
  const nlohmann::json scaler = read_json_file(file(run, 12, "trainer.json"))->at("scaler");
  EXPECT_GT(scaler.at("scale").get<double>(), 1);
  EXPECT_LE(scaler.at("good_steps").get<int>(), 12);
}

}  // namespace
}  // namespace ablate
