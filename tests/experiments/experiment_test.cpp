#include "experiments/experiment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "runs/error.h"

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
  EXPECT_EQ(experiment.expand().size(), 4u);
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
}

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

TEST(Experiment, AFileKeepsItsOrderAndGivesTheName) {
  const std::filesystem::path file = std::filesystem::temp_directory_path() / "ablate-my-norms.json";
  std::ofstream(file) << R"({"vary": {"model.norm": ["group", "batch"], "model.activation": ["relu", "elu"]}})";
  const Experiment experiment = Experiment::read(file);
  EXPECT_EQ(experiment.name, "ablate-my-norms");
  EXPECT_THAT(names(experiment), ElementsAre("group-relu", "group-elu", "batch-relu", "batch-elu"));
  std::ofstream(file) << "{\"vary\": ";
  EXPECT_THAT([&] { Experiment::read(file); },
              ThrowsMessage<Error>(AllOf(HasSubstr(file.string()), HasSubstr("not JSON"))));
  std::filesystem::remove(file);
  EXPECT_THROW(Experiment::read(file), Error);
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
