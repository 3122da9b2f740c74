#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>
#include <set>

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
using testing::AllOf;
using testing::HasSubstr;

fs::path checkpoint_of(const fs::path& run, int step) { return run / "checkpoints" / fmt::format("step-{:08}", step); }

std::shared_ptr<const RunData> read_all(const fs::path& run) {
  RunReader reader(run);
  reader.poll();
  return reader.data();
}

struct TrainerTest : testing::Test {
  TemporaryFolder root;
  TrainingData data = disc_data();

  fs::path run_folder(const std::string& name, const RunConfig& config) {
    return make_run_folder(root.path(), name, config);
  }
};

TEST_F(TrainerTest, WritesEveryTagOfTheFormat) {
  const RunConfig config = small_config();
  const fs::path run = run_folder("tags", config);
  EXPECT_EQ(train_in(run, config, data), RunState::completed);
  const auto read = read_all(run);
  for (const char* tag :
       {"loss/train", "loss/val", "iou/train", "iou/val", "iou/val_eval", "iou/val_train_mode", "lr", "time/step_ms",
        "time/latency_ms", "system/memory_mb", "system/cpu_percent", "norm/down1.1/gap", "norm/up2.2/gap",
        "iou/val_recalibrated", "layers/down1.conv1/input_std", "layers/up2.conv2/input_zeros",
        "layers/down1.norm1/update_ratio", "layers/head/gradient_norm", "layers/bottom.conv1/weight_norm"}) {
    EXPECT_TRUE(read->scalars.contains(tag)) << tag;
  }
  for (const char* tag :
       {"weights/down1.conv1.weight", "gradients/head.bias", "norm/bottom.2/running_mean", "norm/bottom.2/batch_var"}) {
    EXPECT_TRUE(read->histograms.contains(tag)) << tag;
  }
  for (const char* tag : {"norm/up1.1/channels/running_mean", "norm/up1.1/channels/running_var",
                          "norm/up1.1/channels/batch_mean", "norm/up1.1/channels/batch_var"}) {
    EXPECT_TRUE(read->tensors.contains(tag)) << tag;
  }
  EXPECT_EQ(read->images.at("preview/0/input").size(), 1u);
  EXPECT_EQ(read->images.at("preview/1/target").size(), 1u);
  EXPECT_EQ(read->images.at("preview/0/prediction").size(), 3u);  // Steps 0, 6, 12.
  EXPECT_TRUE(read->texts.contains("config"));
  EXPECT_EQ(read->scalars.at("loss/train").size(), 12u);
  EXPECT_EQ(read->scalars.at("iou/val").size(), 3u);
  EXPECT_TRUE(read->problems.empty());
}

TEST_F(TrainerTest, TheGalleryIsPredictedAtEveryValidation) {
  const RunConfig config = small_config({{"validation.every", 3}, {"log.preview_every", 12}});
  const fs::path run = run_folder("gallery", config);
  data.source.gallery = discs(3, 24, 16, 5);
  train_in(run, config, data);
  const auto read = read_all(run);
  std::vector<Step> steps;
  for (std::size_t i = 0; i < read->images.at("gallery/2/prediction").size(); ++i)
    steps.push_back(read->images.at("gallery/2/prediction")[i].step);
  EXPECT_EQ(steps, (std::vector<Step>{0, 3, 6, 9, 12}));
  EXPECT_EQ(read->images.at("preview/0/prediction").size(), 2u);
}

TEST_F(TrainerTest, EndsWithAStatusThatSaysWhatWasReached) {
  const RunConfig config = small_config();
  const fs::path run = run_folder("status", config);
  train_in(run, config, data);
  const auto status = read_status(run);
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->state, RunState::completed);
  EXPECT_EQ(status->step, 12);
  EXPECT_EQ(status->total_steps, 12);
  EXPECT_EQ(status->best_metric, "iou/val");
  EXPECT_TRUE(status->metrics.contains("iou/val_train_mode"));
  EXPECT_GT(status->heartbeat, 0);
  EXPECT_GT(status->training_seconds, 0);
  EXPECT_TRUE(fs::exists(run / "findings.json"));
}

TEST_F(TrainerTest, AResumedRunIsTheUninterruptedOneBitForBit) {
  for (const char* optimizer : {"adam", "sgd"}) {
    const RunConfig config = small_config({{"optimizer.name", optimizer}, {"schedule.name", "onecycle"}});
    const fs::path whole = run_folder(std::string("whole-") + optimizer, config),
                   cut = run_folder(std::string("cut-") + optimizer, config);
    EXPECT_EQ(train_in(whole, config, data), RunState::completed);
    EXPECT_EQ(train_in(cut, config, data, 7), RunState::stopped);
    EXPECT_TRUE(fs::exists(checkpoint_of(cut, 7) / "trainer.json"));
    EXPECT_EQ(train_in(cut, config, data), RunState::completed);
    for (const char* file : {"model.safetensors", "model.optimizer.safetensors"}) {
      EXPECT_EQ(bytes_of(checkpoint_of(whole, 12) / file), bytes_of(checkpoint_of(cut, 12) / file))
          << optimizer << " " << file;
    }
    const auto a = read_all(whole), b = read_all(cut);
    ASSERT_EQ(b->files.size(), 2u);
    for (const char* tag : {"loss/train", "iou/val", "lr"}) {
      ASSERT_EQ(a->scalars.at(tag).size(), b->scalars.at(tag).size()) << tag;
      for (std::size_t i = 0; i < a->scalars.at(tag).size(); ++i) {
        EXPECT_EQ(a->scalars.at(tag)[i].step, b->scalars.at(tag)[i].step);
        EXPECT_EQ(a->scalars.at(tag)[i].value, b->scalars.at(tag)[i].value) << tag << " at " << i;
      }
    }
  }
}

TEST_F(TrainerTest, ALearningRateThatWasAskedForHoldsFromTheNextStepOnAndAfterAResume) {
  const RunConfig config = small_config({{"schedule.name", "cosine"}, {"optimizer.lr", 0.008}});
  const fs::path plain = run_folder("plain", config), whole = run_folder("whole", config),
                 cut = run_folder("cut", config);
  // Pending when it begins, so seen after the first step.
  for (const fs::path& run : {whole, cut}) request_lr(run, LrRequest::from_words("0.25x"));
  train_in(plain, config, data);
  train_in(whole, config, data);
  EXPECT_EQ(train_in(cut, config, data, 7), RunState::stopped);
  EXPECT_EQ(train_in(cut, config, data), RunState::completed);
  EXPECT_FALSE(fs::exists(whole / "requests" / "lr"));
  const auto scheduled = read_all(plain)->scalars.at("lr");
  for (const fs::path& run : {whole, cut}) {
    const auto read = read_all(run);
    const auto& rates = read->scalars.at("lr");
    ASSERT_EQ(rates.size(), 12u);
    EXPECT_EQ(rates[0].value, scheduled[0].value);
    for (std::size_t i = 1; i < 12; ++i) EXPECT_FLOAT_EQ(rates[i].value, 0.25f * scheduled[i].value) << run << i;
    ASSERT_TRUE(read->texts.contains("lr/request")) << run;
    EXPECT_EQ(read->texts.at("lr/request").size(), 1u);
    EXPECT_EQ(read->texts.at("lr/request")[0].step, 1);
  }
  for (const char* file : {"model.safetensors", "model.optimizer.safetensors"})
    EXPECT_EQ(bytes_of(checkpoint_of(whole, 12) / file), bytes_of(checkpoint_of(cut, 12) / file)) << file;
  EXPECT_NE(bytes_of(checkpoint_of(whole, 12) / "model.safetensors"),
            bytes_of(checkpoint_of(plain, 12) / "model.safetensors"));
}

TEST_F(TrainerTest, ALearningRateAskedForByValueIsThatOfTheNextStep) {
  const RunConfig config = small_config({{"schedule.name", "cosine"}, {"optimizer.lr", 0.008}});
  const fs::path run = run_folder("value", config);
  request_lr(run, LrRequest::from_words("1e-4"));
  train_in(run, config, data, 2);
  EXPECT_TRUE(fs::exists(checkpoint_of(run, 1))) << "what was asked for is kept at once";
  train_in(run, config, data);
  const auto rates = read_all(run)->scalars.at("lr");
  EXPECT_FLOAT_EQ(rates[1].value, 1e-4f);
  EXPECT_LT(rates[2].value, 1e-4f);
}

TEST_F(TrainerTest, WordsThatAreNoLearningRateChangeNothing) {
  const RunConfig config = small_config();
  const fs::path plain = run_folder("plain", config), run = run_folder("odd", config);
  fs::create_directories(run / "requests");
  std::ofstream(run / "requests" / "lr") << "lower, please\n";
  train_in(plain, config, data);
  train_in(run, config, data);
  EXPECT_FALSE(fs::exists(run / "requests" / "lr"));
  EXPECT_EQ(bytes_of(checkpoint_of(plain, 12) / "model.safetensors"),
            bytes_of(checkpoint_of(run, 12) / "model.safetensors"));
}

TEST_F(TrainerTest, AKilledRunGoesOnFromItsLastCheckpointAndForgetsLaterPoints) {
  const RunConfig config = small_config();
  const fs::path whole = run_folder("whole", config), killed = run_folder("killed", config);
  train_in(whole, config, data);
  train_in(killed, config, data, 7);
  fs::remove_all(checkpoint_of(killed, 7));  // As if it had died at step 7, with the checkpoint of step 4 behind it.
  fs::create_directories(killed / "checkpoints" / ".step-00000007");
  EXPECT_EQ(train_in(killed, config, data), RunState::completed);
  EXPECT_EQ(bytes_of(checkpoint_of(whole, 12) / "model.safetensors"),
            bytes_of(checkpoint_of(killed, 12) / "model.safetensors"));
  EXPECT_EQ(read_all(killed)->scalars.at("loss/train").size(), 12u);
  EXPECT_FALSE(fs::exists(killed / "checkpoints" / ".step-00000007"));
}

TEST_F(TrainerTest, ACompletedRunStartedAgainStaysAsItIs) {
  const RunConfig config = small_config();
  const fs::path run = run_folder("again", config);
  train_in(run, config, data);
  const std::string before = bytes_of(checkpoint_of(run, 12) / "model.safetensors");
  EXPECT_EQ(train_in(run, config, data), RunState::completed);
  EXPECT_EQ(bytes_of(checkpoint_of(run, 12) / "model.safetensors"), before);
  EXPECT_EQ(read_all(run)->scalars.at("loss/train").size(), 12u);
}

TEST_F(TrainerTest, StopRequestLeavesACheckpointAndIsTakenAway) {
  const RunConfig config = small_config({{"train.steps", 100000}});
  const fs::path run = run_folder("stop", config);
  request(run, Request::stop);
  EXPECT_EQ(train_in(run, config, data), RunState::stopped);
  EXPECT_TRUE(newest_checkpoint(run).has_value());
  EXPECT_FALSE(take_request(run, Request::stop));
}

TEST_F(TrainerTest, CheckpointRequestIsAnswered) {
  const RunConfig config =
      small_config({{"checkpoint.every", 1000}, {"validation.every", 1000}, {"checkpoint.keep", 100}});
  const fs::path run = run_folder("asked", config);
  request(run, Request::checkpoint);
  EXPECT_EQ(train_in(run, config, data), RunState::completed);
  EXPECT_TRUE(fs::exists(checkpoint_of(run, 1)));
  EXPECT_FALSE(take_request(run, Request::checkpoint));
}

TEST_F(TrainerTest, KeepsTheLastCheckpointsAndTheBest) {
  const RunConfig config = small_config({{"checkpoint.every", 1}, {"checkpoint.keep", 2}});
  const fs::path run = run_folder("keep", config);
  train_in(run, config, data);
  std::set<std::string> expected{"step-00000011", "step-00000012",
                                 fmt::format("step-{:08}", read_status(run)->best_step)};
  std::set<std::string> found;
  for (const auto& entry : fs::directory_iterator(run / "checkpoints")) found.insert(entry.path().filename().string());
  EXPECT_EQ(found, expected);
}

TEST_F(TrainerTest, AnExplodingLossEndsAsDivergedWithStepAndRate) {
  const RunConfig config =
      small_config({{"optimizer.name", "sgd"}, {"optimizer.lr", 1e3}, {"model.norm", "none"}, {"train.steps", 200}});
  const fs::path run = run_folder("diverged", config);
  try {
    train_in(run, config, data);
    FAIL() << "no error";
  } catch (const Diverged& error) {
    EXPECT_NE(std::string(error.what()).find("learning rate 1000"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("at step "), std::string::npos);
  }
  EXPECT_TRUE(read_all(run)->scalars.contains("loss/train"));
}

TEST_F(TrainerTest, ClippingBoundsTheStepAsPyTorchDoes) {
  const RunConfig config = small_config({{"optimizer.name", "sgd"},
                                         {"optimizer.momentum", 0},
                                         {"optimizer.lr", 1},
                                         {"train.clip_norm", 0.01},
                                         {"train.steps", 1}});
  torch::manual_seed(0);
  const auto task = make_task("segmentation", config);
  const auto before = [&] {
    std::vector<torch::Tensor> all;
    for (const auto& [_, p] : unique_parameters(*task->networks()[0].module))
      all.push_back(p.detach().clone().flatten());
    return torch::cat(all);
  };
  const torch::Tensor start = before();
  train_in(run_folder("clip", config), config, *task, data);
  EXPECT_NEAR((before() - start).norm().item<double>(), 0.01, 1e-4);
}

TEST_F(TrainerTest, ValidationInTrainModeIsWhatIsCalledValThen) {
  const RunConfig config = small_config({{"validation.mode", "train"}});
  const fs::path run = run_folder("train-mode", config);
  train_in(run, config, data);
  const auto read = read_all(run);
  EXPECT_FALSE(read->scalars.contains("iou/val_eval"));
  ASSERT_TRUE(read->scalars.contains("iou/val_train_mode"));
  EXPECT_EQ(read->scalars.at("iou/val").back().value, read->scalars.at("iou/val_train_mode").back().value);
}

TEST_F(TrainerTest, AValidationBatchInWhichBatchNormSeesASingleValueIsRefusedBeforeTraining) {
  data = disc_data(40, 9, 16, 16);  // Halved four times: a pixel. In batches of 4 the ninth sample is alone.
  const auto config = [](std::map<std::string, nlohmann::json> more) {
    more.insert({{"data.size", {16, 16}}, {"model.depth", 4}, {"train.steps", 4}});
    return small_config(more);
  };
  const fs::path run = run_folder("one", config({}));
  try {
    train_in(run, config({}), data);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("validation.batch_size"), std::string::npos) << error.what();
  }
  EXPECT_FALSE(fs::exists(checkpoint_of(run, 4)));
  for (const auto& [key, value] :
       std::map<std::string, nlohmann::json>{{"validation.batch_size", 3}, {"model.norm", "group"}}) {
    const RunConfig fits = config({{key, value}, {"model.norm_groups", 2}});
    EXPECT_EQ(train_in(run_folder(key, fits), fits, data), RunState::completed) << key;
  }
}

TEST_F(TrainerTest, AFolderThatVanishesEndsTheRunWithAnError) {
  const RunConfig config = small_config({{"train.steps", 1000000}});
  const fs::path run = run_folder("gone", config);
  torch::manual_seed(0);
  const auto task = make_task("segmentation", config);
  StatusKeeper status(run);
  Trainer trainer(config, *task, data,
                  {run, [](const Picture&) { return std::string("png"); }, [](const std::string&) {},
                   [&] {
                     fs::remove_all(run);
                     return false;
                   },
                   torch::kCPU},
                  status);
  EXPECT_THROW(trainer.run(), Error);
}

TEST_F(TrainerTest, ACheckpointOfAnotherNetworkIsRefusedByName) {
  const RunConfig config = small_config({{"train.steps", 2}});
  const fs::path run = run_folder("other", config);
  train_in(run, config, data);
  const auto error_of_another = [&]() -> std::string {
    try {
      train_in(run, small_config({{"train.steps", 4}, {"model.channels", 8}}), data);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(error_of_another(), HasSubstr("model.channels was 4 up to step-00000002, and is 8 now"));
  const fs::path older = checkpoint_of(run, 2) / "trainer.json";  // One that doesn't know what it was trained with.
  nlohmann::json trainer = *read_json_file(older);
  trainer.erase("config");
  write_json_file(older, trainer);
  EXPECT_THAT(error_of_another(), AllOf(HasSubstr("model.safetensors"), HasSubstr("down1.conv1")));
}

TEST_F(TrainerTest, SavedAndLoadedNetworkPredictsTheSameBits) {
  const RunConfig config = small_config();
  const fs::path run = run_folder("round-trip", config);
  torch::manual_seed(0);
  const auto trained = make_task("segmentation", config);
  train_in(run, config, *trained, data);
  const auto loaded = make_task("segmentation", config);
  read_networks(find_checkpoint(run, ""), loaded->networks());
  FixedBatches batches(data.source.dataset, data.source.held_out, 4, torch::kCPU);
  const Measured a = measure(*trained, batches, Mode::eval), b = measure(*loaded, batches, Mode::eval);
  EXPECT_EQ(a.losses.at(""), b.losses.at(""));
  EXPECT_EQ(a.metrics.at("iou"), b.metrics.at("iou"));
}

TEST_F(TrainerTest, CheckpointsAreFoundByStepAndByBest) {
  const RunConfig config = small_config();
  const fs::path run = run_folder("words", config);
  EXPECT_THROW(find_checkpoint(run, ""), Error);
  train_in(run, config, data);
  EXPECT_EQ(find_checkpoint(run, ""), checkpoint_of(run, 12));
  EXPECT_EQ(find_checkpoint(run, "12"), checkpoint_of(run, 12));
  EXPECT_EQ(find_checkpoint(run, "best"), checkpoint_of(run, static_cast<int>(read_status(run)->best_step)));
  EXPECT_THROW(find_checkpoint(run, "5"), Error);
}

TEST(CheckpointWord, NamesACheckpointAndAnAverageOfItsWeights) {
  const auto parts = [](const char* word) {
    const CheckpointWord parsed = checkpoint_word_of(word);
    return std::pair(parsed.checkpoint, parsed.average);
  };
  EXPECT_EQ(parts("400"), std::pair(std::string("400"), std::string()));
  EXPECT_EQ(parts("best.ema"), std::pair(std::string("best"), std::string("ema")));
  EXPECT_EQ(parts("swa"), std::pair(std::string(), std::string("swa")));
  EXPECT_EQ(parts(""), std::pair(std::string(), std::string()));
  for (const char* wrong : {".ema", "400.", "400.ema.ema"}) EXPECT_THROW(parts(wrong), Error) << wrong;
}

}  // namespace
}  // namespace ablate
