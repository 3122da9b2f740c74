#include "experiments/run_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "experiments/catalogue.h"
#include "experiments/experiment.h"
#include "runs/error.h"

namespace ablate {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;
using json = nlohmann::json;

TEST(RunConfig, NestedJsonOfDefaultsReadsBackEqual) {
  const RunConfig config;
  EXPECT_EQ(RunConfig::from_json(config.to_json()), config);
  EXPECT_EQ(config.to_json()["model"]["norm"], "batch");
}

TEST(RunConfig, NestedAndDottedKeysSayTheSame) {
  EXPECT_EQ(RunConfig::from_json({{"model", {{"norm", "group"}}}}), RunConfig::from_json({{"model.norm", "group"}}));
}

TEST(RunConfig, AnUnknownKeyNamesTheNearest) {
  EXPECT_THAT(
      [] {
        RunConfig::from_json({{"model", {{"nrom", "batch"}}}});
      },
      ThrowsMessage<Error>(AllOf(HasSubstr("model.nrom"), HasSubstr("Did you mean model.norm?"))));
  EXPECT_THROW(RunConfig::from_json({{"modle", 3}}), Error);
  EXPECT_THROW(RunConfig::from_json(json::array({1})), Error);
  EXPECT_THROW(RunConfig().real("optimizer.learning"), Error);
}

TEST(RunConfig, AGroupOfOptionsIsNamedAsOne) {
  EXPECT_THAT([] { RunConfig().set_from_text("model=3"); },
              ThrowsMessage<Error>(AllOf(HasSubstr("model is a group"), HasSubstr("model.name"))));
}

TEST(RunConfig, AKeyGivenTwiceIsRefused) {
  EXPECT_THAT(
      [] {
        RunConfig::from_json({{"model", {{"norm", "group"}}}, {"model.norm", "batch"}});
      },
      ThrowsMessage<Error>(HasSubstr("model.norm is given twice")));
}

TEST(RunConfig, WordsAfterEqualsAreJsonOrElsePlain) {
  RunConfig config;
  for (const char* assignment :
       {"data.size=[48,32]", "model.norm=instance", "optimizer.lr=3e-4", "data.path=2024", "data.grey=true"})
    config.set_from_text(assignment);
  EXPECT_EQ(config.at("data.size"), json({48, 32}));
  config.set_from_text("data.size=96x64");
  EXPECT_EQ(config.at("data.size"), json({96, 64}));
  EXPECT_THROW(config.set_from_text("data.size=96x64x3"), Error);
  EXPECT_EQ(config.text("model.norm"), "instance");
  EXPECT_EQ(config.real("optimizer.lr"), 3e-4);
  EXPECT_EQ(config.text("data.path"), "2024");
  EXPECT_TRUE(config.boolean("data.grey"));
  EXPECT_THROW(config.set_from_text("model.norm"), Error);
  EXPECT_THROW(config.set_from_text("=3"), Error);
}

TEST(RunConfig, ListsMayBeWrittenWithCommasAndNothingUnsets) {
  RunConfig config;
  for (const char* assignment : {"data.exclude=a,b c", "data.gallery=photos"}) config.set_from_text(assignment);
  EXPECT_EQ(config.at("data.exclude"), json({"a", "b c"}));
  config.set_from_text("data.gallery=");
  EXPECT_FALSE(config.is_set("data.gallery"));
  config.set_from_text("model.norm_momentum=null");
  EXPECT_FALSE(config.is_set("model.norm_momentum"));
  EXPECT_THROW(config.set_from_text("train.steps="), Error);
}

TEST(RunConfig, BytesThatAreNoTextAreRefusedSinceNoFileCouldKeepThem) {
  EXPECT_THAT([] { RunConfig().set("data.path", "gr\xf6\xdf"); }, ThrowsMessage<Error>(HasSubstr("UTF-8")));
  EXPECT_THROW(RunConfig().set("data.exclude", {"\xff"}), Error);
  EXPECT_THROW(RunConfig::from_json("\xff"), Error);
  RunConfig().set("data.path", "größe");
}

TEST(RunConfig, EpochsBecomeSteps) {
  RunConfig config;
  config.set("train.steps", "3ep");
  EXPECT_EQ(config.steps("train.steps", 18), 54);
  EXPECT_EQ(config.steps("validation.every", 18), 20);
}

TEST(RunConfig, GroupsThatDontDivideTheChannelsAreRefusedWithBoth) {
  RunConfig config = RunConfig::from_json({{"model.norm", "group"}, {"model.channels", 12}});
  EXPECT_THAT([&] { config.check(); }, ThrowsMessage<Error>(AllOf(HasSubstr("model.norm_groups"), HasSubstr("8 groups"),
                                                                  HasSubstr("12 channels"))));
  config.set("model.norm_groups", 4);
  config.check();
}

TEST(RunConfig, GroupsMustAlsoDivideWhatBilinearUpSamplingLeavesToTheBlock) {
  RunConfig config = RunConfig::from_json({{"model.norm", "group"}, {"model.channels", 8}});
  config.check();
  config.set("model.up", "bilinear");  // 8 and 16 channels joined, halved to 12 within the block.
  EXPECT_THAT([&] { config.check(); }, ThrowsMessage<Error>(AllOf(HasSubstr("12 channels"), HasSubstr("up4"))));
  config.set("model.skip", "add");
  config.check();
}

TEST(RunConfig, InstanceNormSharesAndCarriesOnOnlyWhatItHas) {
  RunConfig config = RunConfig::from_json({{"model.norm", "instance"}, {"model.norm_momentum", nullptr}});
  config.check();
  for (const char* key : {"model.norm_sharing", "model.norm_momentum"}) EXPECT_FALSE(config.matters(key));
  config.set("model.norm_affine", true);
  EXPECT_TRUE(config.matters("model.norm_sharing"));
  EXPECT_FALSE(config.matters("model.norm_momentum"));
  config.set("model.norm_track", true);
  EXPECT_TRUE(config.matters("model.norm_momentum"));
  EXPECT_THAT([&] { config.check(); }, ThrowsMessage<Error>(HasSubstr("model.norm_momentum")));
}

TEST(RunConfig, KeysThatDontGoTogetherAreRefused) {
  const auto refused = [](const json& keys, const char* says) {
    EXPECT_THAT([&] { RunConfig::from_json(keys).check(); }, ThrowsMessage<Error>(HasSubstr(says)));
  };
  refused({{"data.dataset", "folder"}}, "data.path");
  refused({{"data.held_out", 340}}, "data.held_out");
  refused({{"data.size", {16, 64}}, {"model.depth", 5}}, "data.size");
  refused({{"model.head", "softmax"}}, "loss.bce");
  refused({{"loss.ce", 1}}, "loss.ce");
  refused({{"loss.bce", 0}}, "weight 0");
  refused({{"data.size", {16, 16}}, {"model.norm", "instance"}}, "a single pixel");
  refused({{"schedule.name", "cosine"}, {"schedule.min_lr", 0.1}}, "schedule.min_lr");
  refused({{"schedule.warmup_steps", 400}}, "schedule.warmup_steps");
  refused({{"checkpoint.metric", "iou/vall"}}, "Did you mean iou/val?");
  refused({{"checkpoint.metric", "iou/val_ema"}}, "checkpoint.metric");
  refused({{"checkpoint.metric", "dice/val"}}, "validation.metrics=dice");
  refused({{"validation.on", "training"}, {"schedule.name", "plateau"}}, "loss/train");
  refused({{"validation.mode", "eval"}, {"checkpoint.metric", "iou/val_train_mode"}}, "not measured");
  refused({{"optimizer.name", "sgd"}, {"optimizer.nesterov", true}, {"optimizer.momentum", 0}}, "momentum");
  refused({{"train.accumulate_fault", true}}, "train.accumulate");
  refused({{"schedule.name", "cosine-restarts"}, {"schedule.min_lr", 0.1}}, "schedule.min_lr");
  refused({{"swa.start", 400}}, "swa.start");
  refused({{"swa.start", "5ep"}, {"train.steps", "5ep"}}, "has ended by 5ep");
  refused({{"swa.start", 390}, {"swa.every", 11}}, "swa.every");
  refused({{"schedule.warmup_steps", "4ep"}, {"train.steps", "3ep"}}, "schedule.warmup_steps");
  refused({{"data.size", {16, 16}}, {"train.batch_size", 1}}, "one value");
  RunConfig::from_json({{"train.ema", 0.9}, {"checkpoint.metric", "iou/val_ema"}}).check();
  RunConfig::from_json({{"train.ema", 0.9}, {"checkpoint.metric", "loss/val_ema"}}).check();
  RunConfig::from_json({{"validation.metrics", {"dice"}}, {"checkpoint.metric", "dice/val_eval"}}).check();
  RunConfig::from_json({{"swa.start", 390}, {"swa.every", 10}}).check();
  RunConfig::from_json({{"loss.dice", 1}, {"checkpoint.metric", "loss/train/dice"}}).check();
  RunConfig::from_json({{"schedule.warmup_steps", 400}, {"train.steps", "100ep"}}).check();
  RunConfig::from_json({{"model.head", "softmax"}, {"loss.bce", 0}, {"loss.ce", 1}}).check();
  RunConfig().check();
}

TEST(RunConfig, WhatDoesNotMatterDoesNotTellRunsApart) {
  const RunConfig shared = RunConfig::from_json({{"model.norm", "instance"}, {"model.norm_sharing", "block"}});
  const RunConfig separate = RunConfig::from_json({{"model.norm", "instance"}});
  EXPECT_NE(shared, separate);
  EXPECT_EQ(shared.canonical(), separate.canonical());
  const RunConfig batch_shared = RunConfig::from_json({{"model.norm_sharing", "block"}});
  EXPECT_NE(batch_shared.canonical(), RunConfig().canonical());
}

TEST(RunConfig, DifferingKeysAreThoseWithSeveralValues) {
  EXPECT_THAT(differing_keys({RunConfig(), RunConfig::from_json({{"model.norm", "none"}, {"train.seed", 3}})}),
              ElementsAre("model.norm", "train.seed"));
  EXPECT_THAT(differing_keys({}), ElementsAre());
}

/// Any JSON value, leaning to the keys and words of the catalogue.
json random_json(std::mt19937& random, int depth) {
  const auto option = [&]() -> const Option& { return catalogue()[random() % catalogue().size()]; };
  const auto word = [&]() -> std::string {
    const std::string key = option().key;
    switch (random() % 5) {
      case 0:
        return key;
      case 1:
        return key.substr(0, key.find('.'));
      case 2:
        return key.substr(key.find('.') + 1);
      case 3:
        return std::vector<std::string>{"vary", "base", "seeds", "name", "variants", "set", "mode", ""}[random() % 8];
      default:
        return std::string(random() % 5, static_cast<char>(random()));
    }
  };
  switch (random() % (depth > 0 ? 9 : 7)) {
    case 0:
      return nullptr;
    case 1:
      return random() % 2 == 0;
    case 2:
      return static_cast<std::int64_t>(random() % 1000) - 10;
    case 3:
      return std::vector<double>{0.5, -1e308, 1e308, 1e18, std::nan(""), INFINITY}[random() % 6];
    case 4:
      return option().default_value;
    case 5:
      return word();
    case 6: {
      const Option& some = option();
      return some.choices.empty() ? json("3ep") : json(some.choices[random() % some.choices.size()]);
    }
    case 7: {
      json list = json::array();
      for (unsigned i = random() % 4; i > 0; --i) list.push_back(random_json(random, depth - 1));
      return list;
    }
    default: {
      json object = json::object();
      for (unsigned i = random() % 4; i > 0; --i) object[word()] = random_json(random, depth - 1);
      return object;
    }
  }
}

TEST(RunConfig, RandomJsonIsTakenOrRefusedButNeverCrashes) {
  std::mt19937 random(7);
  int taken = 0, refused = 0;
  for (int i = 0; i < 30000; ++i) {
    const std::string key = catalogue()[random() % catalogue().size()].key;
    json document{{key, random_json(random, 2)}};
    if (random() % 2) document["model"] = random_json(random, 3);
    try {
      RunConfig config = RunConfig::from_json(document);
      ++taken;
      EXPECT_EQ(RunConfig::from_json(json::parse(config.to_json().dump())), config);
      config.check();
    } catch (const Error& error) {
      EXPECT_GT(std::string(error.what()).size(), 10u);
      ++refused;
    }
  }
  EXPECT_GT(taken, 300);
  EXPECT_GT(refused, 1000);
}

TEST(Experiment, RandomJsonIsTakenOrRefusedButNeverCrashes) {
  std::mt19937 random(8);
  int taken = 0, refused = 0;
  for (int i = 0; i < 20000; ++i) {
    json document = json::object();
    for (const char* key : {"name", "base", "vary", "mode", "seeds", "variants"})
      if (random() % 4 == 0) document[key] = random_json(random, 4);
    try {
      Experiment::from_json(document, "random").expand();
      ++taken;
    } catch (const Error& error) {
      EXPECT_GT(std::string(error.what()).size(), 10u);
      ++refused;
    }
  }
  EXPECT_GT(taken, 300);
  EXPECT_GT(refused, 1000);
}

TEST(RunConfig, EpochsOfNoWholeNumberOfStepsAreRoundedInSum) {
  RunConfig config;
  const auto steps = [&](const char* epochs, double steps_per_epoch) {
    config.set("train.steps", epochs);
    return config.steps("train.steps", steps_per_epoch);
  };
  EXPECT_EQ(steps("10ep", 9.0 / 5), 18);
  EXPECT_EQ(steps("3ep", 7.0 / 3), 7);
  EXPECT_EQ(steps("1ep", 9.0 / 5), 2);
  EXPECT_EQ(steps("4ep", 2), 8);
}

}  // namespace
}  // namespace ablate
