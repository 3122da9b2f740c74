#include "viewers/builder_model.h"

#include <gtest/gtest.h>

namespace ablate {
namespace {

TEST(BuilderModel, UntouchedItMakesOneRunOfAllDefaults) {
  const BuilderModel model;
  const auto variants = model.experiment().expand();
  ASSERT_EQ(variants.size(), 1u);
  EXPECT_EQ(variants[0].config, RunConfig());
}

TEST(BuilderModel, EveryChosenValueIsAVariant) {
  BuilderModel model;
  model.toggle("model.norm", "instance");
  model.toggle("model.norm", "none");
  model.toggle("model.activation", "gelu");
  EXPECT_EQ(model.varied(), (std::vector<std::string>{"model.activation", "model.norm"}));
  EXPECT_EQ(model.combinations(), 6);
  EXPECT_EQ(model.experiment().expand().size(), 6u);
  model.mode = Experiment::Mode::one_at_a_time;
  EXPECT_EQ(model.experiment().expand().size(), 4u);
}

TEST(BuilderModel, CombinationsThatAreTheSameRunAreMadeOnce) {
  BuilderModel model;
  model.toggle("model.norm", "instance");
  model.toggle("model.norm_sharing", "block");
  EXPECT_EQ(model.experiment().expand().size(), 3u);
}

TEST(BuilderModel, TheLastValueOfARowStays) {
  BuilderModel model;
  model.toggle("model.norm", "batch");
  EXPECT_TRUE(model.is_chosen("model.norm", "batch"));
  model.toggle("model.norm", "group");
  model.toggle("model.norm", "batch");
  EXPECT_EQ(model.values("model.norm"), (std::vector<nlohmann::json>{"group"}));
  EXPECT_EQ(model.experiment().expand()[0].config.text("model.norm"), "group");
}

TEST(BuilderModel, OneAtATimeStartsFromTheFirstChosenValueAlsoWhereItIsNotTheDefault) {
  BuilderModel model;
  model.mode = Experiment::Mode::one_at_a_time;
  model.toggle("model.norm", "instance");
  model.toggle("model.norm", "group");
  model.toggle("model.norm", "batch");
  model.toggle("model.activation", "gelu");
  const auto variants = model.experiment().expand();
  ASSERT_EQ(variants.size(), 3u);
  for (const Variant& variant : variants) EXPECT_NE(variant.config.text("model.norm"), "batch");
}

TEST(BuilderModel, AFieldTakesSeveralValues) {
  BuilderModel model;
  model.set_text("optimizer.lr", "1e-3, 3e-3");
  EXPECT_EQ(model.problem(), "");
  EXPECT_EQ(model.experiment().expand().size(), 2u);
  EXPECT_EQ(model.text("optimizer.lr"), "1e-3, 3e-3");
}

TEST(BuilderModel, WhatCannotBeUnderstoodIsKeptAsTypedAndSaid) {
  BuilderModel model;
  model.set_text("train.steps", "many");
  EXPECT_NE(model.problem().find("train.steps"), std::string::npos);
  EXPECT_EQ(model.text("train.steps"), "many");
  model.set_text("train.steps", "40");
  EXPECT_EQ(model.problem(), "");
  EXPECT_EQ(model.experiment().expand()[0].config.integer("train.steps"), 40);
}

TEST(BuilderModel, SizesAndDurationsAreWrittenAsPeopleDo) {
  BuilderModel model;
  model.set_text("data.size", "48x32");
  model.set_text("train.steps", "3ep");
  EXPECT_EQ(model.problem(), "");
  const RunConfig config = model.experiment().expand()[0].config;
  EXPECT_EQ(config.at("data.size"), nlohmann::json({48, 32}));
  EXPECT_EQ(config.at("train.steps"), nlohmann::json("3ep"));
  for (const char* wrong : {"48x", "x", "48 by 32"}) {
    model.set_text("data.size", wrong);
    EXPECT_NE(model.problem(), "") << wrong;
  }
}

TEST(BuilderModel, APathMayHaveCommasAndIsUnsetWhenEmptied) {
  BuilderModel model;
  model.set_text("data.gallery", "/some/where, else");
  EXPECT_EQ(model.values("data.gallery").size(), 1u);
  model.set_text("data.gallery", "");
  EXPECT_EQ(model.problem(), "");
  EXPECT_TRUE(model.values("data.gallery")[0].is_null());
}

TEST(BuilderModel, SeedsCountFromZero) {
  BuilderModel model;
  model.seeds = 3;
  EXPECT_EQ(model.experiment().seeds, (std::vector<std::int64_t>{0, 1, 2}));
}

TEST(BuilderModel, IsNamedAfterWhatIsVaried) {
  BuilderModel model;
  EXPECT_EQ(model.experiment().name, "run");
  model.toggle("model.norm", "instance");
  model.toggle("schedule.name", "cosine");
  EXPECT_EQ(model.experiment().name, "norm schedule");
  model.name = "mine";
  EXPECT_EQ(model.experiment().name, "mine");
}

TEST(BuilderModel, IsRememberedAndForgetsWhatIsNoOptionAnyMore) {
  BuilderModel model;
  model.toggle("model.norm", "instance");
  model.set_text("train.steps", "40");
  model.mode = Experiment::Mode::one_at_a_time;
  model.seeds = 2;
  nlohmann::json json = model.to_json();
  json["values"]["model.gone"] = {1};
  json["values"]["model.activation"] = {"no such activation"};
  BuilderModel again;
  again.from_json(json);
  EXPECT_EQ(again.experiment().to_json(), model.experiment().to_json());
}

}  // namespace
}  // namespace ablate
