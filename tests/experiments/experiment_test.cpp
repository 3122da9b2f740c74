#include "experiments/experiment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "runs/error.h"
#include "runs/run_store.h"

namespace ablate {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;
using json = nlohmann::json;

std::vector<std::string> names(const Experiment& experiment) {
  std::vector<std::string> all;
  for (const Variant& variant : experiment.expand()) all.push_back(variant.name);
  return all;
}

Experiment from(const json& document) { return Experiment::from_json(document, "test.json"); }

TEST(Experiment, AGridIsEveryCombinationOnce) {
  EXPECT_THAT(names(from({{"vary", {{"model.norm", {"batch", "group"}}, {"model.norm_sharing", {"none", "block"}}}}})),
              ElementsAre("batch-none", "batch-block", "group-none", "group-block"));
}

TEST(Experiment, CombinationsThatAreTheSameRunAreMadeOnce) {
  // Instance norm keeps nothing that could be shared, and no norm has no module.
  const Experiment experiment =
      from({{"vary", {{"model.norm", {"batch", "instance", "none"}}, {"model.norm_sharing", {"none", "block"}}}}});
  EXPECT_THAT(names(experiment), ElementsAre("norm-batch-norm-sharing-none", "norm-batch-norm-sharing-block",
                                             "norm-instance", "norm-none"));
}

TEST(Experiment, WhatDoesNotMatterIsNotInTheName) {
  EXPECT_THAT(
      names(from({{"vary", {{"model.norm", {"batch", "instance"}}, {"model.norm_sharing", {"none", "block"}}}}})),
      ElementsAre("batch-none", "batch-block", "instance"));
}

TEST(Experiment, OneAtATimeChangesTheBaseOnceEach) {
  const Experiment experiment = from(
      {{"mode", "one-at-a-time"}, {"vary", {{"model.norm", {"instance"}}, {"model.activation", {"silu", "gelu"}}}}});
  EXPECT_EQ(experiment.expand().size(), 4u);
  for (const Variant& variant : experiment.expand())
    EXPECT_LE(differing_keys({RunConfig(), variant.config}).size(), 1u);
}

TEST(Experiment, SeedsMultiplyAndAreNamed) {
  EXPECT_THAT(names(from({{"vary", {{"model.norm", {"batch", "group"}}}}, {"seeds", {1, 2}}})),
              ElementsAre("batch-s1", "batch-s2", "group-s1", "group-s2"));
  EXPECT_EQ(from({{"seeds", {5}}}).expand().at(0).config.integer("train.seed"), 5);
}

TEST(Experiment, NumbersAreNamedWithTheirOption) {
  EXPECT_THAT(names(from({{"vary", {{"optimizer.lr", {0.01, 0.001}}}}})), ElementsAre("lr0.01", "lr0.001"));
}

TEST(Experiment, ValuesOfTwoOptionsThatReadAlikeAreToldApart) {
  EXPECT_THAT(names(from({{"vary", {{"model.norm", {"none"}}, {"model.residual", {"none", "plain"}}}}})),
              ElementsAre("norm-none-residual-none", "norm-none-residual-plain"));
  // The others keep their short words.
  EXPECT_THAT(
      names(from({{"vary", {{"model.activation", {"gelu"}}, {"model.norm", {"none"}}, {"model.residual", {"none"}}}}})),
      ElementsAre("gelu-norm-none-residual-none"));
}

TEST(Experiment, EveryKindOfValueMakesAShortWord) {
  const std::vector<std::pair<json, const char*>> cases{{{{"data.size", {{96, 64}}}}, "size96x64"},
                                                        {{{"data.grey", {true}}}, "grey-true"},
                                                        {{{"train.steps", {"3ep"}}}, "steps3ep"},
                                                        {{{"model.norm_momentum", {nullptr}}}, "norm-momentum-null"},
                                                        {{{"data.gallery", {"/a/b/Street Views/"}}}, "street-views"},
                                                        {{{"optimizer.lr", {1e-5}}}, "lr1e-05"},
                                                        {{{"data.gallery", {"/a/b/Street Views"}}}, "street-views"}};
  for (const auto& [vary, name] : cases) EXPECT_THAT(names(from({{"vary", vary}})), ElementsAre(name));
}

TEST(Experiment, TooManyRunsAreRefusedBeforeTheyAreMade) {
  json seeds = json::array(), sizes = json::array();
  for (int i = 1; i <= 200; ++i) {
    seeds.push_back(i);
    sizes.push_back(i);
  }
  const Experiment experiment = from({{"vary", {{"train.seed", seeds}, {"train.batch_size", sizes}}}});
  EXPECT_THAT([&] { experiment.expand(); }, ThrowsMessage<Error>(AllOf(HasSubstr("40000 runs"), HasSubstr("10000"))));
}

TEST(Experiment, ASeedGivenTwiceIsOneRun) { EXPECT_EQ(from({{"seeds", {3, 3, 4}}}).expand().size(), 2u); }

TEST(Experiment, WithoutAnythingToVaryThereIsOneRunNamedAsTheExperiment) {
  EXPECT_THAT(names(from({{"name", "Alone!"}})), ElementsAre("alone"));
}

TEST(Experiment, MistakesNameTheFileAndTheKey) {
  const auto refused = [](const json& document, const char* says) {
    EXPECT_THAT([&] { from(document); }, ThrowsMessage<Error>(AllOf(HasSubstr("test.json"), HasSubstr(says))));
  };
  refused({{"vray", json::object()}}, "vray");
  refused({{"vary", {{"model.nrom", {"batch"}}}}}, "Did you mean model.norm?");
  refused({{"vary", {{"model.norm", {"bacth"}}}}}, "Did you mean batch?");
  refused({{"vary", {{"model.norm", "batch"}}}}, "a list of values");
  refused({{"mode", "all"}}, "one-at-a-time");
  refused({{"seeds", {-1}}}, "train.seed");
  refused({{"base", {{"model", {{"channels", 0}}}}}}, "model.channels");
  refused({{"variants", {{{"set", json::object()}}}}}, "name");
  refused({{"variants", {"wide"}}}, "each has a");
  refused({{"variants", {{{"name", "a"}, {"set", {{"model.nrom", "batch"}}}}}}}, "Did you mean model.norm?");
  refused({{"variants", {{{"name", "a"}, {"est", 1}}}}}, "no key \"est\" in a variant");
  refused({{"name", 3}}, "\"name\" is 3");
  refused({{"seeds", 5}}, "[0, 1, 2]");
  refused({{"vary", json::array({1})}}, "\"vary\"");
  refused({{"seeds", {1}}, {"vary", {{"train.seed", {1, 2}}}}}, "train.seed");
  refused(json::array(), "an experiment is an object");
}

TEST(Experiment, AnInvalidCombinationNamesItsVariant) {
  const Experiment experiment =
      from({{"base", {{"model.channels", 12}}}, {"vary", {{"model.norm", {"batch", "group"}}}}});
  EXPECT_THAT([&] { experiment.expand(); },
              ThrowsMessage<Error>(AllOf(HasSubstr("group: "), HasSubstr("model.norm_groups"))));
}

TEST(Experiment, JsonReadsBackToTheSameRuns) {
  const Experiment experiment =
      from({{"name", "n"}, {"mode", "one-at-a-time"}, {"vary", {{"model.norm", {"group"}}}}, {"seeds", {1, 2}}});
  EXPECT_EQ(names(from(experiment.to_json())), names(experiment));
  EXPECT_EQ(names(from(demo_experiment("").to_json())), names(demo_experiment("")));
}

const json kStages = {{"name", "stages"},
                      {"variants",
                       {{{"name", "Fine"}, {"set", {{"optimizer.lr", 1e-4}}}, {"after", "Base"}, {"from", "best"}},
                        {{"name", "Base"}},
                        {{"name", "Last"}, {"after", "Fine"}}}}};

TEST(Experiment, AStageComesAfterTheSameSeedOfTheOneBefore) {
  json document = kStages;
  document["seeds"] = {1, 2};
  const std::vector<Variant> variants = from(document).expand();
  EXPECT_THAT(names(from(document)), ElementsAre("fine-s1", "fine-s2", "base-s1", "base-s2", "last-s1", "last-s2"));
  EXPECT_EQ(variants[1].after, "base-s2");
  EXPECT_EQ(variants[1].from, "best");
  EXPECT_EQ(variants[2].after, "");
  EXPECT_EQ(variants[4].after, "fine-s1");
  EXPECT_EQ(variants[4].from, "");
}

TEST(Experiment, StagesReadBackFromJson) {
  const Experiment experiment = from(from(kStages).to_json());
  EXPECT_EQ(experiment.variants[0].after, "Base");
  EXPECT_EQ(experiment.variants[0].from, "best");
  EXPECT_EQ(experiment.variants[1].after, "");
}

TEST(Experiment, MistakesInTheOrderOfStagesAreNamed) {
  const auto variants = [](const json& list) { return [list] { from({{"variants", list}}); }; };
  EXPECT_THAT(variants({{{"name", "a"}, {"after", "c"}}, {{"name", "b"}}}),
              ThrowsMessage<Error>(AllOf(HasSubstr("test.json"), HasSubstr("\"c\""), HasSubstr("a, b"))));
  EXPECT_THAT(variants({{{"name", "a"}, {"after", "b"}}, {{"name", "b"}, {"after", "a"}}}),
              ThrowsMessage<Error>(HasSubstr("a after b after a")));
  EXPECT_THAT(variants({{{"name", "a"}, {"after", "a"}}}), ThrowsMessage<Error>(HasSubstr("circle")));
  EXPECT_THAT(
      variants({{{"name", "c"}, {"after", "a"}}, {{"name", "a"}, {"after", "b"}}, {{"name", "b"}, {"after", "a"}}}),
      ThrowsMessage<Error>(HasSubstr("circle")));
  EXPECT_THAT(variants({{{"name", "b"}, {"after", "a"}}, {{"name", "a"}}, {{"name", "A"}}}),
              ThrowsMessage<Error>(HasSubstr("several")));
  EXPECT_THAT(variants({{{"name", "a"}, {"from", "best"}}}), ThrowsMessage<Error>(HasSubstr("needs \"after\"")));
  EXPECT_THAT(variants({{{"name", "a"}}, {{"name", "b"}, {"after", "a"}, {"from", "first"}}}),
              ThrowsMessage<Error>(HasSubstr("best, last, ema, swa or a step")));
  EXPECT_THAT(variants({{{"name", "a"}}, {{"name", "b"}, {"after", "a"}, {"from", 40}, {"set", {{"init.from", "x"}}}}}),
              ThrowsMessage<Error>(HasSubstr("init.from")));
}

TEST(Experiment, AnAverageToBeginFromHasToBeMade) {
  json document = kStages;
  document["variants"][0]["from"] = "ema";
  EXPECT_THAT([&] { from(document).expand(); }, ThrowsMessage<Error>(HasSubstr("train.ema")));
  document["variants"][1]["set"] = {{"train.ema", 0.9}};
  EXPECT_EQ(from(document).expand()[0].from, "ema");
}

TEST(After, TheWordsOfACheckpoint) {
  for (const json& word :
       {json("best"), json("last"), json("ema"), json("swa"), json("40"), json(40), json("best.ema")})
    EXPECT_NO_THROW(checked_from(word)) << word;
  for (const json& word : {json("first"), json(""), json("40.fine"), json(-1), json(true), json("4 0")})
    EXPECT_THROW(checked_from(word), Error) << word;
}

TEST(Experiment, AFileKeepsItsOrderAndGivesTheName) {
  const std::filesystem::path file = std::filesystem::temp_directory_path() / "ablate-my-norms.json";
  std::ofstream(file) << R"({"vary": {"model.norm": ["group", "batch"], "model.activation": ["relu", "elu"]}})";
  const Experiment experiment = Experiment::read(file);
  EXPECT_EQ(experiment.name, "ablate-my-norms");
  EXPECT_THAT(names(experiment), ElementsAre("group-relu", "group-elu", "batch-relu", "batch-elu"));
  std::ofstream(file) << "{\"vary\": ";
  EXPECT_THAT([&] { Experiment::read(file); },
              ThrowsMessage<Error>(AllOf(HasSubstr(file.string()), HasSubstr("not JSON"))));
  std::ofstream(file) << R"({"vary": {"model.norm": ["group"], "model.norm": ["batch"]}})";
  EXPECT_THAT([&] { Experiment::read(file); }, ThrowsMessage<Error>(HasSubstr("twice")));
  std::ofstream(file) << std::string(100000, '[');
  EXPECT_THROW(Experiment::read(file), Error);
  std::filesystem::remove(file);
  EXPECT_THAT([&] { Experiment::read(file); }, ThrowsMessage<Error>(HasSubstr("is not there")));
}

/// A folder for one test, in which the test runs.
class CreateRuns : public testing::Test {
 protected:
  CreateRuns() {
    std::filesystem::create_directories(folder_ / "photos");
    std::filesystem::current_path(folder_);
  }
  ~CreateRuns() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }
  std::filesystem::path before_ = std::filesystem::current_path();
  std::filesystem::path folder_ =
      std::filesystem::canonical(testing::TempDir()) /
      ("create-runs-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
};

TEST_F(CreateRuns, MakesAQueuedFolderForEachInOrderWithEverythingAsked) {
  const auto runs = create_runs("runs", from({{"name", "norms"}, {"vary", {{"model.norm", {"batch", "group"}}}}}));
  ASSERT_EQ(runs.size(), 2u);
  const RunInfo run = read_run("runs", runs[1]);
  EXPECT_EQ(run.status.state, RunState::queued);
  EXPECT_EQ(run.run->at("variant"), "group");
  EXPECT_EQ(run.run->at("experiment"), "norms");
  EXPECT_EQ(run.run->at("task"), "segmentation");
  EXPECT_EQ(run.run->at("seed"), 0);
  EXPECT_EQ(run.run->at("config"), RunConfig::from_json({{"model.norm", "group"}}).to_json());
  EXPECT_TRUE(run.run->at("provenance").contains("ablate"));
}

TEST_F(CreateRuns, AStageNamesTheFolderOfTheOneBefore) {
  const auto folders = create_runs("runs", from(kStages));
  ASSERT_EQ(folders.size(), 3u);
  const auto after = [&](std::size_t i) { return after_of(*read_run("runs", folders[i]).run); };
  EXPECT_EQ(after(0)->run, folders[1].filename().string());
  EXPECT_EQ(after(0)->from, "best");
  EXPECT_FALSE(after(1));
  EXPECT_EQ(after(2)->run, folders[0].filename().string());
}

TEST_F(CreateRuns, ARunOfTheRootComesBeforeVariantsThatComeAfterNone) {
  Experiment experiment = from(kStages);
  experiment.after = After{"earlier", "last"};
  const auto folders = create_runs("runs", experiment);
  EXPECT_EQ(after_of(*read_run("runs", folders[1]).run)->run, "earlier");
  EXPECT_EQ(after_of(*read_run("runs", folders[0]).run)->run, folders[1].filename().string());
}

TEST_F(CreateRuns, FoldersBecomeAbsoluteSinceTheWorkerRunsElsewhere) {
  const json base{{"data.dataset", "folder"}, {"data.path", "photos"}, {"data.gallery", "./photos/../photos"}};
  const json config = read_run("runs", create_runs("runs", from({{"base", base}})).at(0)).run->at("config");
  EXPECT_EQ(config["data"]["path"], (folder_ / "photos").string());
  EXPECT_EQ(config["data"]["gallery"], (folder_ / "photos").string());
}

TEST_F(CreateRuns, AFolderThatIsMissingIsRefusedBeforeAnyRunIsMade) {
  const json base{{"data.dataset", "folder"}, {"data.path", "fotos"}};
  EXPECT_THAT(
      [&] {
        create_runs("runs", from({{"base", base}}));
      },
      ThrowsMessage<Error>(AllOf(HasSubstr("data.path"), HasSubstr((folder_ / "fotos").string()))));
  EXPECT_FALSE(std::filesystem::exists("runs"));
}

TEST(Experiment, TheDemoIsTheFourRunsOfTheStory) {
  const std::vector<Variant> variants = demo_experiment("photos").expand();
  ASSERT_EQ(variants.size(), 4u);
  EXPECT_THAT(names(demo_experiment("")), ElementsAre("batch-separate", "batch-shared", "instance-shared", "no-norm"));
  EXPECT_EQ(variants[1].config.text("model.norm_sharing"), "block");
  EXPECT_EQ(variants[2].config.text("model.norm"), "instance");
  EXPECT_EQ(variants[0].config.text("data.dataset"), "folder");
  EXPECT_EQ(variants[0].config.text("data.path"), (std::filesystem::current_path() / "photos").string());
}

}  // namespace
}  // namespace ablate
