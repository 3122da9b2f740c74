#include "viewers/sweep_model.h"

#include <gtest/gtest.h>

#include "sweeps/pruners/pruner.h"
#include "sweeps/samplers/sampler.h"

namespace ablate {
namespace {

SweepModel::Range lr(const std::string& low, const std::string& high) { return {"optimizer.lr", low, high, "", true}; }

TEST(SweepModel, RangesAndChosenValuesAreSearched) {
  BuilderModel builder;
  builder.set_text("train.steps", "40");
  builder.toggle("model.norm", "instance");
  SweepModel model;
  model.ranges = {lr("1e-4", "1e-1"), {"model.channels", "4", "16", "4", false}};
  const auto [sweep, problems] = model.check(builder, {});
  ASSERT_TRUE(sweep) << (problems.empty() ? "" : problems.begin()->second);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(sweep->name, "lr-channels-norm");
  EXPECT_EQ(sweep->base, nlohmann::json({{"train.steps", 40}}));
  const Distribution& rate = sweep->space.find("optimizer.lr")->distribution;
  EXPECT_EQ(rate.type, Distribution::Type::real);
  EXPECT_TRUE(rate.log);
  EXPECT_DOUBLE_EQ(rate.low, 1e-4);
  EXPECT_EQ(sweep->space.find("model.channels")->distribution.count(), 4);
  EXPECT_EQ(sweep->space.find("model.norm")->distribution.choices, (std::vector<nlohmann::json>{"batch", "instance"}));
}

TEST(SweepModel, UnlessToldOtherwiseItIs32TrialsOfTpeWithAshaThatMaximizeTheIou) {
  SweepModel model;
  model.ranges = {lr("1e-4", "1e-2")};
  const auto checked = model.check(BuilderModel(), {});
  ASSERT_TRUE(checked.sweep);
  EXPECT_EQ(sweep_words(*checked.sweep), "32 trials, tpe, asha, to maximize iou/val");
  EXPECT_EQ(space_words(checked.sweep->space), "optimizer.lr from 0.0001 to 0.01, log");
}

TEST(SweepModel, EveryLimitIsSaid) {
  SweepModel model;
  model.ranges = {lr("1e-4", "1e-2")};
  model.trials = "1";
  model.hours = "1.5";
  model.epochs = "300";
  model.pruner = "none";
  model.objectives = {{"loss/val", Direction::minimize, Sweep::Objective::Take::last}};
  const auto checked = model.check(BuilderModel(), {});
  ASSERT_TRUE(checked.sweep);
  EXPECT_EQ(sweep_words(*checked.sweep), "1 trial, or 1.5 hours, or 300 epochs, tpe, to minimize the last loss/val");
}

TEST(SweepModel, ARangeGoesBeforeTheValuesThatAnOptionHas) {
  BuilderModel builder;
  builder.set_text("optimizer.lr", "1e-3, 3e-3");
  SweepModel model;
  model.ranges = {lr("1e-4", "1e-1")};
  const auto checked = model.check(builder, {});
  ASSERT_TRUE(checked.sweep);
  EXPECT_EQ(checked.sweep->space.parameters().size(), 1u);
  EXPECT_EQ(checked.sweep->space.find("optimizer.lr")->distribution.type, Distribution::Type::real);
}

TEST(SweepModel, WhatIsWrongIsSaidAtItsPlaceAllAtOnce) {
  SweepModel model;
  model.ranges = {lr("0.1", "0.01"), {"model.depth", "2", "many", "", false}, {"data.flip", "0", "2", "", false}};
  model.trials = "";
  const auto problems = model.check(BuilderModel(), {}).problems;
  EXPECT_NE(problems.at("optimizer.lr").find("low 0.1 is above high 0.01"), std::string::npos);
  EXPECT_NE(problems.at("model.depth").find("\"many\""), std::string::npos);
  EXPECT_TRUE(problems.contains("data.flip"));
  EXPECT_TRUE(problems.contains(SweepModel::kBudget));
  EXPECT_EQ(problems.size(), 4u);
}

TEST(SweepModel, AStepThatLeadsOutOfTheRangeIsSaidOfItsOption) {
  SweepModel model;
  model.ranges = {{"model.depth", "1", "3", "5", false}};
  EXPECT_EQ(model.check(BuilderModel(), {}).problems.at("model.depth"),
            "model.depth has a step of 5, larger than the range from 1 to 3.");
}

TEST(SweepModel, AProblemOfWhatIsAskedForTogetherIsSaidToo) {
  SweepModel model;
  model.ranges = {lr("1e-4", "1e-2")};
  const auto problem = [&](const char* place) { return model.check(BuilderModel(), {}).problems.at(place); };
  model.trials = "2.5";
  EXPECT_TRUE(problem(SweepModel::kBudget).starts_with("\"trials\" is")) << problem(SweepModel::kBudget);
  model.trials = "";
  model.sampler = "grid";
  EXPECT_NE(problem(SweepModel::kSampler).find("optimizer.lr"), std::string::npos);
  model = {};
  EXPECT_TRUE(model.check(BuilderModel(), {}).problems.contains(SweepModel::kSpace));
  BuilderModel builder;
  builder.toggle("model.norm", "instance");
  builder.name = "a/b";
  EXPECT_TRUE(model.check(builder, {}).problems.contains(SweepModel::kName));
  builder.name = "";
  model.objectives[0].metric = "dice/val";
  EXPECT_NE(model.check(builder, {}).problems.at(SweepModel::kObjective).find("dice/val"), std::string::npos);
}

TEST(SweepModel, SeveralObjectivesGoWithoutAPruner) {
  SweepModel model;
  model.ranges = {lr("1e-4", "1e-2")};
  model.objectives.push_back({"loss/val", Direction::minimize});
  EXPECT_NE(model.check(BuilderModel(), {}).problems.at(SweepModel::kSampler).find("\"none\""), std::string::npos);
  model.pruner = "none";
  const auto checked = model.check(BuilderModel(), {});
  ASSERT_TRUE(checked.sweep);
  EXPECT_EQ(checked.sweep->objectives, model.objectives);
  EXPECT_EQ(sweep_words(*checked.sweep), "32 trials, tpe, to maximize iou/val and minimize loss/val");
}

TEST(SweepModel, FieldsOfTheSamplerAndThePrunerAreAskedFor) {
  SweepModel model;
  model.ranges = {lr("1e-4", "1e-2")};
  model.pruner = "median";
  model.fields = {{"tpe", {{"seed", "3"}, {"multivariate", "false"}, {"group", " "}}},
                  {"median", {{"percentile", "25"}}},
                  {"asha", {{"reduction_factor", "1000"}}}};  // Not the pruner now.
  auto checked = model.check(BuilderModel(), {});
  ASSERT_TRUE(checked.sweep);
  EXPECT_EQ(checked.sweep->sampler, (nlohmann::json{{"name", "tpe"}, {"seed", 3}, {"multivariate", false}}));
  EXPECT_EQ(checked.sweep->pruner, (nlohmann::json{{"name", "median"}, {"percentile", 25}}));
  model.fields["median"]["percentile"] = "most";
  checked = model.check(BuilderModel(), {});
  EXPECT_NE(checked.problems.at(SweepModel::kSampler).find("\"percentile\""), std::string::npos);
}

TEST(SweepModel, EveryFieldThatIsShownIsTaken) {
  for (const SamplerKind& kind : sampler_kinds()) {
    SweepModel model;
    model.ranges = {{"model.depth", "1", "3", "", false}};
    model.sampler = kind.name;
    for (const FieldMeaning& field : kind.fields) model.fields[kind.name][field.name] = field.otherwise;
    EXPECT_TRUE(model.check(BuilderModel(), {}).sweep) << kind.name;
  }
  for (const PrunerKind& kind : pruner_kinds()) {
    SweepModel model;
    model.ranges = {lr("1e-4", "1e-2")};
    model.pruner = kind.name;
    for (const FieldMeaning& field : kind.fields) model.fields[kind.name][field.name] = field.otherwise;
    EXPECT_TRUE(model.check(BuilderModel(), {}).sweep) << kind.name;
  }
}

TEST(SweepModel, AGridCountsItsCombinationsAndNeedsNoBudget) {
  BuilderModel builder;
  builder.toggle("model.norm", "instance");
  SweepModel model;
  model.ranges = {{"model.depth", "1", "3", "", false}};
  model.sampler = "grid";
  model.trials = "";
  model.pruner = "none";
  auto checked = model.check(builder, {});
  ASSERT_TRUE(checked.sweep);
  EXPECT_EQ(sweep_words(*checked.sweep), "6 combinations, grid, to maximize iou/val");
  model.trials = "4";
  checked = model.check(builder, {});
  ASSERT_TRUE(checked.sweep);
  EXPECT_EQ(sweep_words(*checked.sweep), "4 trials, grid, to maximize iou/val");
}

TEST(SweepModel, IsNamedAfterWhatItSearchesAndAsNoneThatThereIs) {
  BuilderModel builder;
  SweepModel model;
  model.ranges = {lr("1e-4", "1e-2")};
  EXPECT_EQ(model.automatic_name(builder, {}), "lr");
  EXPECT_EQ(model.automatic_name(builder, {"lr", "lr-2"}), "lr-3");
  builder.toggle("schedule.name", "cosine");
  builder.toggle("model.norm_sharing", "block");
  EXPECT_EQ(model.automatic_name(builder, {}), "lr-norm-sharing-schedule");
  builder.toggle("model.residual", "plain");
  EXPECT_EQ(model.automatic_name(builder, {}), "search");
  builder.name = "mine";
  EXPECT_TRUE(model.check(builder, {"mine"}).problems.contains(SweepModel::kName));
}

TEST(SweepModel, EveryOptionThatTakesNumbersHasARangeToBeginWith) {
  SweepModel model;
  for (const Option& option : catalogue()) {
    if (!SweepModel::can_range(option)) continue;
    const SweepModel::Range range = SweepModel::proposed(option, option.default_value);
    const bool log = range.log;
    EXPECT_NO_THROW(SearchSpace::from_json({{option.key,
                                             {{"type", option.type == OptionType::real ? "float" : "int"},
                                              {"low", std::stod(range.low)},
                                              {"high", std::stod(range.high)},
                                              {"log", log}}}},
                                           "proposed"))
        << option.key;
  }
}

TEST(SweepModel, RangesAreProposedAroundWhatIsChosen) {
  const auto words = [](const char* key, const nlohmann::json& value) {
    const SweepModel::Range range = SweepModel::proposed(*find_option(key), value);
    return range.low + " " + range.high + (range.log ? " log" : "");
  };
  EXPECT_EQ(words("optimizer.lr", 3e-4), "3e-05 0.003 log");
  EXPECT_EQ(words("model.channels", 16), "8 32 log");
  EXPECT_EQ(words("model.depth", 4), "2 6");
  EXPECT_EQ(words("data.flip", 0.5), "0 1");
  EXPECT_EQ(words("loss.dice", 0.0), "0 1");
  EXPECT_EQ(words("optimizer.weight_decay", nullptr), "1e-06 0.01 log");
  EXPECT_EQ(words("schedule.warmup_steps", 0), "0 100");
}

TEST(SweepModel, IsRememberedAndForgetsWhatIsNoOptionAnyMore) {
  SweepModel model;
  model.ranges = {lr("1e-4", "typed"), {"model.depth", "1", "3", "2", false}};
  model.sampler = "sobol";
  model.pruner = "median";
  model.fields["median"]["percentile"] = "20";
  model.objectives = {{"loss/val", Direction::minimize, Sweep::Objective::Take::last}};
  model.trials = "";
  model.hours = "2";
  model.epochs = "9";
  nlohmann::json document = model.to_json();
  document["ranges"].push_back({{"key", "model.gone"}, {"low", "1"}, {"high", "2"}});
  SweepModel again;
  again.from_json(document);
  EXPECT_EQ(again, model);
  document["sampler"] = "of another version";
  document["objectives"][0]["direction"] = "sideways";
  again.from_json(document);
  EXPECT_EQ(again.sampler, "tpe");
  EXPECT_EQ(again.objectives, SweepModel().objectives);
}

}  // namespace
}  // namespace ablate
