#include "sweeps/search_space.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runs/error.h"

namespace ablate {
namespace {

using nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const std::string& text) {
  try {
    SearchSpace::from_json(ordered_json::parse(text), "lr.json: space");
  } catch (const Error& error) {
    return error.what();
  }
  return "taken";
}

TEST(Distribution, AnIntegerHasAStepAndEndsOnItsGrid) {
  Distribution d{Distribution::Type::integer, 1, 8};
  d.step = 3;
  d.check();
  EXPECT_EQ(d.high, 7);
  EXPECT_EQ(d.count(), 3);
  EXPECT_EQ(d.nearest(5.6), 7);
  EXPECT_FALSE(d.contains(5));
  EXPECT_EQ(d.external(4).dump(), "4");
}

TEST(Distribution, ARangeOfOneValueIsTaken) {
  for (const auto type : {Distribution::Type::integer, Distribution::Type::real}) {
    Distribution d{type, 3, 3};
    d.check();
    EXPECT_EQ(d.count(), 1);
    EXPECT_EQ(d.nearest(7), 3);
  }
}

TEST(Distribution, StepsThatAreNoBinaryFractionsAreCountedAsWritten) {
  Distribution d{Distribution::Type::real, 0.1, 0.7};
  d.step = 0.1;
  d.check();
  EXPECT_EQ(d.count(), 7);
  EXPECT_TRUE(d.contains(0.30000000000000004));
}

TEST(Distribution, OptunasTextComesBack) {
  for (const char* text :
       {R"({"attributes":{"high":1.0,"log":true,"low":0.0001,"step":null},"name":"FloatDistribution"})",
        R"({"attributes":{"high":9,"log":false,"low":1,"step":2},"name":"IntDistribution"})",
        R"({"attributes":{"choices":["a",null,true,1.5]},"name":"CategoricalDistribution"})"})
    EXPECT_EQ(optuna_text(distribution_from_optuna(text)), text);
  EXPECT_EQ(distribution_from_optuna(R"({"name": "LogUniformDistribution", "attributes": {"low": 1, "high": 2}})").log,
            true);
  EXPECT_THROW(distribution_from_optuna(R"({"name": "Normal", "attributes": {"low": 1, "high": 2}})"), Error);
  EXPECT_THROW(distribution_from_optuna("{}"), Error);
  for (const char* attributes :
       {R"("low": 1, "high": 2e41, "step": 1)", R"("low": 0.5, "high": 2)", R"("low": 1, "high": 2, "step": 0)"})
    EXPECT_THROW(
        distribution_from_optuna(fmt::format(R"({{"name": "IntDistribution", "attributes": {{{}}}}})", attributes)),
        Error);
  EXPECT_THROW(
      distribution_from_optuna(R"({"name": "FloatDistribution", "attributes": {"low": 0, "high": 1, "step": 1e-300}})"),
      Error);
}

TEST(SearchSpace, AParameterStandsBehindWhatItDependsOn) {
  const SearchSpace space = SearchSpace::from_json(ordered_json::parse(R"({
    "model.norm_groups": {"type": "int", "low": 1, "high": 4, "when": {"model.norm": ["group"]}},
    "model.norm": {"type": "categorical", "choices": ["batch", "group"]}})"),
                                                   "here");
  EXPECT_EQ(space.parameters()[0].key, "model.norm");
  EXPECT_FALSE(SearchSpace::active(space.parameters()[1], {{"model.norm", 0}}));
  EXPECT_TRUE(SearchSpace::active(space.parameters()[1], {{"model.norm", 1}}));
  EXPECT_EQ(SearchSpace::from_json(space.to_json(), "here").to_json(), space.to_json());
}

TEST(SearchSpace, WhatTheCatalogueSaysOfAnOptionHoldsWhereNothingIsWritten) {
  const SearchSpace space = SearchSpace::from_json(ordered_json::parse(R"({
    "model.norm_groups": {"type": "int", "low": 1, "high": 4},
    "model.norm": {"type": "categorical", "choices": ["batch", "group"]}})"),
                                                   "here");
  EXPECT_THAT(space.find("model.norm_groups")->when.at("model.norm"), ElementsAre(1));
}

TEST(SearchSpace, MakesAConfiguration) {
  const SearchSpace space = SearchSpace::from_json(ordered_json::parse(R"({
    "data.size": {"type": "categorical", "choices": [[32, 32], [64, 64]]},
    "optimizer.lr": {"type": "float", "low": 0.001, "high": 0.1, "log": true}})"),
                                                   "here");
  const RunConfig config = space.config(RunConfig(), {{"data.size", 1}, {"optimizer.lr", 0.02}});
  EXPECT_EQ(config.at("data.size").dump(), "[64,64]");
  EXPECT_EQ(config.real("optimizer.lr"), 0.02);
}

TEST(SearchSpace, SaysWhatIsWrong) {
  EXPECT_THAT(refusal(R"({"optimizer.rl": {"type": "float", "low": 1, "high": 2}})"),
              HasSubstr("Did you mean optimizer.lr?"));
  EXPECT_THAT(refusal(R"({"optimizer.lr": {"type": "float", "low": 2, "high": 1}})"), HasSubstr("is empty"));
  EXPECT_THAT(refusal(R"({"optimizer.lr": {"type": "float", "low": 0, "high": 1, "log": true}})"),
              HasSubstr("above 0"));
  EXPECT_THAT(refusal(R"({"optimizer.lr": {"type": "float", "low": -1, "high": 1}})"), HasSubstr("optimizer.lr"));
  EXPECT_THAT(refusal(R"({"optimizer.lr": {"type": "float", "low": 0.1, "high": 1, "log": true, "step": 0.1}})"),
              HasSubstr("choose one"));
  EXPECT_THAT(refusal(R"({"optimizer.lr": {"type": "float", "low": 0.1, "high": 0.3, "step": 0.5}})"),
              HasSubstr("optimizer.lr has a step of 0.5, larger than the range from 0.1 to 0.3."));
  EXPECT_THAT(refusal(R"({"model.channels": {"type": "float", "low": 1, "high": 2}})"), HasSubstr("Use \"int\""));
  EXPECT_THAT(refusal(R"({"model.channels": {"type": "int", "low": 1.5, "high": 2}})"), HasSubstr("whole numbers"));
  EXPECT_THAT(refusal(R"({"model.norm": {"type": "categorical", "choices": []}})"), HasSubstr("no choices"));
  EXPECT_THAT(refusal(R"({"model.norm": {"type": "categorical", "choices": ["batch", "batch"]}})"), HasSubstr("twice"));
  EXPECT_THAT(refusal(R"({"model.norm": {"type": "categorical", "choices": ["batch"], "low": 1}})"),
              HasSubstr("knows no \"low\""));
  EXPECT_THAT(refusal(R"({"model.norm": {"type": "choice", "choices": ["batch"]}})"), HasSubstr("\"categorical\""));
  EXPECT_THAT(
      refusal(R"({"model.norm": {"type": "categorical", "choices": ["batch"], "when": {"model.norm": "batch"}}})"),
      HasSubstr("no other key"));
  EXPECT_THAT(refusal(R"({"optimizer.lr": {"type": "float", "low": 0.1, "high": 1},
                          "model.up": {"type": "categorical", "choices": ["nearest"], "when": {"optimizer.lr": 0.5}}})"),
              HasSubstr("optimizer.lr is any number"));
  EXPECT_THAT(refusal(R"({"model.depth": {"type": "int", "low": 1, "high": 3},
                          "model.up": {"type": "categorical", "choices": ["nearest"], "when": {"model.depth": 4}}})"),
              HasSubstr("4 is not within [1, 3]"));
  EXPECT_THAT(
      refusal(R"({"model.norm": {"type": "categorical", "choices": ["batch", "group"], "when": {"model.up": "nearest"}},
                          "model.up": {"type": "categorical", "choices": ["nearest"], "when": {"model.norm": "group"}}})"),
      HasSubstr("circle"));
  EXPECT_THAT(refusal(R"({"optimizer.lr": [1e-4, 1e-2]})"), HasSubstr("has to be as {\"type\": \"float\""));
  EXPECT_THAT(refusal(R"({"optimizer.lr": {"type": "float", "low": 0.1}})"), HasSubstr("needs a low and a high"));
  EXPECT_THAT(refusal(R"({"optimizer.lr": {"type": "float", "low": 0.1, "hihg": 1}})"),
              HasSubstr("Did you mean \"high\"?"));
  EXPECT_THAT(refusal("{}"), HasSubstr("at least one key"));
}

TEST(SearchSpace, NamesTheKeyOnceWhereAValueCannotBe) {
  EXPECT_EQ(refusal(R"({"model.channels": {"type": "categorical", "choices": [0]}})"),
            "lr.json: space: model.channels: 0 is not allowed; it takes a whole number from 1 to 256.");
}

}  // namespace
}  // namespace ablate
