#include "viewers/run_filter.h"

#include <gtest/gtest.h>

namespace ablate {
namespace {

RunView run_named(const std::string& name, const std::string& norm, const std::string& experiment = "demo") {
  RunView view;
  view.info.id = "20261121-101500-" + name;
  view.info.name = name;
  view.info.experiment = experiment;
  view.info.status.state = RunState::completed;
  RunConfig config;
  config.set("model.norm", norm);
  config.set("optimizer.lr", 0.003);
  view.config = std::make_shared<const RunConfig>(config);
  return view;
}

bool matches(const std::string& text, const RunView& view) { return RunFilter(text).matches(view); }

TEST(RunFilter, WordsArePartsOfNameExperimentOrStateWhateverTheCase) {
  const RunView view = run_named("batch-shared", "batch");
  EXPECT_TRUE(matches("", view));
  EXPECT_TRUE(matches("SHARED", view));
  EXPECT_TRUE(matches("demo completed", view));
  EXPECT_FALSE(matches("shared instance", view));
}

TEST(RunFilter, OptionsAreComparedByTheEndOfTheirKey) {
  const RunView view = run_named("x", "batch");
  EXPECT_TRUE(matches("norm=batch", view));
  EXPECT_TRUE(matches("model.norm=bat", view));
  EXPECT_FALSE(matches("norm=instance", view));
  EXPECT_TRUE(matches("lr=0.003", view));
  EXPECT_FALSE(matches("no_such_option=1", view));
}

TEST(RunFilter, ARunOfAnotherProgramHasTheHyperParametersThatItLogged) {
  RunView foreign;
  foreign.info.name = "tensorboard-log";
  EXPECT_FALSE(matches("norm=batch", foreign));
  EXPECT_TRUE(matches("log", foreign));
  RunData data;
  data.hparams = {{"model/Norm", "Batch"}, {"lr", 0.003}};
  foreign.data = std::make_shared<const RunData>(data);
  EXPECT_TRUE(matches("norm=batch lr=0.003", foreign));
  EXPECT_FALSE(matches("norm=instance", foreign));
}

TEST(RunFilter, TagsNotesAndPinsAreFoundAndArchivedRunsOnlyWhenAskedFor) {
  RunView view = run_named("x", "batch");
  view.info.meta.tags = {"Good"};
  view.info.meta.notes = "with flips";
  EXPECT_TRUE(matches("good flips", view));
  EXPECT_FALSE(matches("pinned", view));
  view.info.meta.pinned = true;
  EXPECT_TRUE(matches("pinned", view));
  EXPECT_FALSE(matches("archived", view));
  view.info.meta.archived = true;
  EXPECT_FALSE(matches("good", view));
  EXPECT_TRUE(matches("good archived", view));
}

TEST(RunFilter, ExpressionsSearchTheName) {
  EXPECT_TRUE(matches("^batch-(shared|separate)$", run_named("batch-shared", "batch")));
  EXPECT_FALSE(matches("^shared", run_named("batch-shared", "batch")));
  EXPECT_TRUE(matches("/a.c/", run_named("xabcx", "batch")));
}

TEST(RunFilter, AnExpressionThatCannotBeUnderstoodSaysSoAndHidesNothing) {
  const RunFilter filter("[abc");
  EXPECT_NE(filter.problem().find("[abc"), std::string::npos);
  EXPECT_TRUE(filter.matches(run_named("x", "batch")));
}

}  // namespace
}  // namespace ablate
