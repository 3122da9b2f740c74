#include "sweeps/finder_sweep.h"

#include <gmock/gmock.h>

#include "runs/error.h"

namespace ablate {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

Experiment two_norms() {
  Experiment experiment;
  experiment.name = "norms";
  experiment.base = {{"model.channels", 4}};
  experiment.vary = {{"model.norm", {"batch", "instance"}}};
  return experiment;
}

std::vector<std::string> names_of(const Experiment& experiment) {
  std::vector<std::string> names;
  for (const Variant& variant : experiment.expand()) names.push_back(variant.name);
  return names;
}

/// A finished range test of a variant, as the store lists it.
RunInfo tested(const Variant& variant, const nlohmann::json& suggestions) {
  RunInfo run;
  run.id = run.name = variant.name;
  run.run = std::make_shared<const nlohmann::json>(nlohmann::json{{"config", variant.config.to_json()}});
  run.status.state = RunState::completed;
  run.status.range_test = {{"suggestions", suggestions}};
  return run;
}

std::vector<RunInfo> tests_of(const Experiment& experiment, const std::vector<double>& valleys) {
  std::vector<RunInfo> runs;
  const std::vector<Variant> variants = experiment.expand();
  for (std::size_t i = 0; i < variants.size(); ++i)
    runs.push_back(tested(variants[i], {{"valley", valleys[i]}, {"steep", nullptr}}));
  return runs;
}

TEST(FinderSweep, TestsEveryVariantWithEverySeed) {
  const Experiment sweep = finder_sweep(two_norms(), "pytorch-lr-finder", 2);
  EXPECT_THAT(names_of(sweep), ElementsAre("batch-s0", "batch-s1", "instance-s0", "instance-s1"));
  for (const Variant& variant : sweep.expand()) {
    EXPECT_EQ(variant.config.text("lr_find.procedure"), "pytorch-lr-finder");
    EXPECT_EQ(variant.config.integer("model.channels"), 4);
  }
  EXPECT_THAT(names_of(finder_sweep(two_norms(), "fastai", 1)), ElementsAre("batch", "instance"));
}

TEST(FinderSweep, AnExperimentsOwnSeedsStay) {
  Experiment experiment = two_norms();
  experiment.seeds = {7};
  const std::vector<Variant> variants = finder_sweep(experiment, "fastai", 2).expand();
  EXPECT_THAT(names_of(finder_sweep(experiment, "fastai", 2)),
              ElementsAre("batch-s7", "batch-s8", "instance-s7", "instance-s8"));
  EXPECT_EQ(variants[0].config.integer("train.seed"), 7);
  experiment.seeds.clear();
  experiment.base["train.seed"] = 5;
  EXPECT_EQ(finder_sweep(experiment, "fastai", 1).expand()[0].config.integer("train.seed"), 5);
  experiment.vary = {{"train.seed", {3, 4}}};
  EXPECT_THAT(names_of(finder_sweep(experiment, "fastai", 1)), ElementsAre("seed3-s3", "seed3-s4"));
}

TEST(FinderSweep, TheExperimentsOwnProcedureStays) {
  Experiment experiment = two_norms();
  experiment.base["lr_find.procedure"] = "pytorch-lr-finder";
  EXPECT_EQ(finder_sweep(experiment, "", 1).expand()[0].config.text("lr_find.procedure"), "pytorch-lr-finder");
  EXPECT_EQ(finder_sweep(two_norms(), "", 1).expand()[0].config.text("lr_find.procedure"), "fastai");
  experiment.vary.push_back({"lr_find.iterations", {50, 100}});
  EXPECT_EQ(finder_sweep(experiment, "fastai", 1).expand().size(), 4u);
}

TEST(FinderSweep, TestsOfOtherSettingsAreNotMixedAndOfOneSeedTheNewestCounts) {
  const Experiment experiment = two_norms();
  std::vector<RunInfo> runs = tests_of(finder_sweep(experiment, "fastai", 1), {1e-3, 5e-2});
  for (const RunInfo& again : tests_of(finder_sweep(experiment, "fastai", 1), {2e-3, 6e-2})) runs.push_back(again);
  for (const RunInfo& other : tests_of(finder_sweep(experiment, "pytorch-lr-finder", 1), {7, 8})) runs.push_back(other);
  runs.push_back(runs.front());
  runs.back().status.state = RunState::stopped;
  for (std::size_t i = 0; i < runs.size(); ++i) runs[i].id = "run " + std::to_string(i);
  const std::vector<VariantRangeTests> variants = range_tests_by_variant(runs);
  ASSERT_EQ(variants.size(), 4u);
  EXPECT_THAT(variants[0].rates.at("valley"), ElementsAre(2e-3));
  EXPECT_THAT(variants[2].rates.at("valley"), ElementsAre(7));
  EXPECT_EQ(own_rates(experiment, "valley", runs).experiment.expand()[0].config.real("optimizer.lr"), 7);
}

TEST(FinderSweep, WhatARangeTestDoesNotSeeMakesNoTestOfItsOwn) {
  Experiment experiment = two_norms();
  experiment.vary.push_back({"schedule.name", {"constant", "onecycle"}});
  experiment.vary.push_back({"optimizer.lr", {0.001, 0.1}});
  EXPECT_EQ(finder_sweep(experiment, "fastai", 1).expand().size(), 2u);
  experiment.vary.push_back({"optimizer.name", {"adam", "sgd"}});
  EXPECT_EQ(finder_sweep(experiment, "fastai", 1).expand().size(), 4u);
}

TEST(FinderSweep, SuggestionsOfSeedsAreGathered) {
  const std::vector<RunInfo> runs = tests_of(finder_sweep(two_norms(), "fastai", 3), {3e-3, 1e-3, 2e-3, 1, 4, 2});
  const std::vector<VariantRangeTests> variants = range_tests_by_variant(runs);
  ASSERT_EQ(variants.size(), 2u);
  EXPECT_EQ(variants[0].name, "batch");
  EXPECT_THAT(variants[0].rates.at("valley"), ElementsAre(1e-3, 2e-3, 3e-3));
  EXPECT_DOUBLE_EQ(variants[0].suggestion("valley"), 2e-3);
  EXPECT_EQ(variants[0].suggestion("steep"), 0);
  EXPECT_EQ(variants[1].runs.size(), 3u);
}

TEST(FinderSweep, TheMedianOfTwoLiesBetweenThemOnALogAxis) {
  EXPECT_DOUBLE_EQ(median_rate(std::vector{1e-4, 1e-2}), 1e-3);
  EXPECT_EQ(median_rate({}), 0);
}

TEST(FinderSweep, EachRunTrainsAtItsOwnVariantsRate) {
  const Experiment experiment = two_norms();
  const std::vector<RunInfo> runs = tests_of(finder_sweep(experiment, "fastai", 1), {1e-3, 5e-2});
  const std::vector<Variant> variants = own_rates(experiment, "valley", runs).experiment.expand();
  ASSERT_EQ(variants.size(), 2u);
  EXPECT_EQ(variants[0].name, "batch");
  EXPECT_DOUBLE_EQ(variants[0].config.real("optimizer.lr"), 1e-3);
  EXPECT_DOUBLE_EQ(variants[1].config.real("optimizer.lr"), 5e-2);
  EXPECT_EQ(variants[1].config.text("lr_find.procedure"), "none");
}

TEST(FinderSweep, TellsByWhichTestsEachRunGotItsRate) {
  std::vector<RunInfo> runs = tests_of(finder_sweep(two_norms(), "fastai", 2), {1e-3, 4e-3, 5e-2, 5e-2});
  runs[3].status.range_test["suggestions"]["valley"] = nullptr;
  EXPECT_THAT(
      own_rates(two_norms(), "valley", runs).told,
      ElementsAre("valley by range tests of fastai, 100 steps from 1e-07 to 10",
                  "batch: optimizer.lr 0.002 (seeds 0, 1)", "instance: optimizer.lr 0.05 (seed 0; 1 can't tell)"));
}

TEST(FinderSweep, RatesOfTestsOfAnotherLengthAreNotMixed) {
  const Experiment experiment = two_norms();
  std::vector<RunInfo> runs = tests_of(finder_sweep(experiment, "fastai", 1), {1e-3, 5e-2});
  Experiment trial = experiment;
  trial.base["lr_find.iterations"] = 20;
  trial.vary = {{"model.norm", {"batch"}}};
  runs.push_back(tests_of(finder_sweep(trial, "fastai", 1), {0.5})[0]);
  runs.back().id = "the newest";
  EXPECT_THAT([&] { own_rates(experiment, "valley", runs); },
              testing::ThrowsMessage<Error>(HasSubstr("for instance (tested by fastai, 100 steps from 1e-07 to 10); "
                                                      "the newest tests are of fastai, 20 steps from 1e-07 to 10.")));
  runs.back().id = "an older one";
  EXPECT_EQ(own_rates(experiment, "valley", runs).experiment.expand()[0].config.real("optimizer.lr"), 1e-3);
}

TEST(FinderSweep, AStageThatBeginsFromTrainedWeightsKeepsItsRate) {
  Experiment experiment;
  experiment.variants = {{"coarse", nlohmann::json::object()}, {"fine", {{"optimizer.lr", 1e-4}}, "coarse", "best"}};
  const std::vector<RunInfo> runs = tests_of(finder_sweep(experiment, "fastai", 1), {5e-2});
  const OwnRates own = own_rates(experiment, "valley", runs);
  EXPECT_THAT(own.told, Contains(HasSubstr("fine: optimizer.lr 0.0001 as written")));
  EXPECT_EQ(own.experiment.expand()[0].config.real("optimizer.lr"), 5e-2);
  EXPECT_EQ(own.experiment.expand()[1].config.real("optimizer.lr"), 1e-4);
}

TEST(FinderSweep, VariantsOfDifferentRatesAreNotGivenOne) {
  Experiment experiment = two_norms();
  experiment.vary.push_back({"optimizer.lr", {1e-3, 1e-2}});
  const std::vector<RunInfo> runs = tests_of(finder_sweep(experiment, "fastai", 1), {1e-3, 5e-2});
  EXPECT_THAT([&] { own_rates(experiment, "valley", runs); },
              testing::ThrowsMessage<Error>(HasSubstr("varies optimizer.lr")));
}

TEST(FinderSweep, VariantsWithoutASuggestionAreNamed) {
  Experiment experiment = two_norms();
  const std::vector<RunInfo> runs = tests_of(finder_sweep(experiment, "fastai", 1), {1e-3, 5e-2});
  EXPECT_THAT([&] { own_rates(experiment, "steep", runs); },
              testing::ThrowsMessage<Error>(HasSubstr("batch (it can't tell), instance (it can't tell)")));
  experiment.vary[0].second.push_back("none");
  EXPECT_THAT([&] { own_rates(experiment, "valley", runs); },
              testing::ThrowsMessage<Error>(HasSubstr("for none (no range test)")));
}

}  // namespace
}  // namespace ablate
