#include "experiments/run_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "experiments/catalogue.h"
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

TEST(RunConfig, WordsAfterEqualsAreJsonOrElsePlain) {
  RunConfig config;
  for (const char* assignment :
       {"data.size=[48,32]", "model.norm=instance", "optimizer.lr=3e-4", "data.path=2024", "data.grey=true"})
    config.set_from_text(assignment);
  EXPECT_EQ(config.at("data.size"), json({48, 32}));
  EXPECT_EQ(config.text("model.norm"), "instance");
  EXPECT_EQ(config.real("optimizer.lr"), 3e-4);
  EXPECT_EQ(config.text("data.path"), "2024");
  EXPECT_TRUE(config.boolean("data.grey"));
  EXPECT_THROW(config.set_from_text("model.norm"), Error);
  EXPECT_THROW(config.set_from_text("=3"), Error);
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

TEST(RunConfig, RandomJsonIsTakenOrRefusedButNeverCrashes) {
  std::mt19937 random(7);
  const std::vector<json> values{
      nullptr,        true,  -1, 0, 1, 2.5, 1e308, "", "batch", "3ep", json::array(), json::array({1, 2}),
      json::object(), "\xff"};
  int taken = 0, refused = 0;
  for (int i = 0; i < 20000; ++i) {
    const Option& option = catalogue()[random() % catalogue().size()];
    try {
      RunConfig config;
      config.set(option.key, values[random() % values.size()]);
      ++taken;
      config.check();
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()), "");
      ++refused;
    }
  }
  EXPECT_GT(taken, 1000);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace ablate
