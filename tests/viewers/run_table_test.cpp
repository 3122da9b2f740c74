#include "viewers/run_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace ablate {
namespace {

using Kind = RunColumn::Kind;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;

struct Foreign {
  Foreign(const char* id, nlohmann::json hparams, std::vector<double> losses) {
    auto data = std::make_shared<RunData>();
    data->hparams = std::move(hparams);
    for (const double loss : losses) {
      const auto i = static_cast<Step>(data->scalars["train/loss"].size());
      data->scalars["train/loss"].push_back({10 * i, 1.7e9 + 60.0 * static_cast<double>(i), loss});
    }
    view.info.id = view.info.name = id;
    view.info.status.state = RunState::foreign;
    view.data = data;
  }
  RunView view;
};

std::shared_ptr<const nlohmann::json> begun_from(const nlohmann::json& parent) {
  return std::make_shared<const nlohmann::json>(nlohmann::json{{"parent", parent}});
}

class RunTableTest : public testing::Test {
 protected:
  Foreign a_{"a", {{"lr", 0.1}, {"net", "unet"}}, {3, 1, 2}};
  Foreign b_{"b", {{"lr", 0.01}, {"net", "unet"}}, {5, NAN, 4}};
  Foreign c_{"c", nullptr, {}};
  std::vector<const RunView*> runs_{&a_.view, &b_.view, &c_.view};
};

TEST_F(RunTableTest, ColumnsHaveNamesThatFindThemAgain) {
  for (const RunColumn& column : {RunColumn{Kind::duration, ""},
                                  {Kind::option, "model.norm"},
                                  {Kind::lowest, "a: b"},
                                  {Kind::figure, "leader board"},
                                  {Kind::begun_from, ""},
                                  {Kind::spread_of_last, "loss"},
                                  {Kind::time_until, "iou/val >= 0.8"},
                                  {Kind::mean_of_last, "iou/val"}})
    EXPECT_EQ(run_column(column.name()), column) << column.name();
}

TEST_F(RunTableTest, ColumnsAreWhatRunsLogged) {
  const std::vector<std::string> names = run_columns(runs_);
  EXPECT_THAT(names, Contains("lr"));
  EXPECT_THAT(names, Contains("train/loss: highest"));
}

TEST_F(RunTableTest, UsualColumnsAreWhereRunsDifferAndWhatCurvesShow) {
  const std::vector<RunColumn> usual = usual_run_columns(runs_);
  EXPECT_THAT(usual, Contains(RunColumn{Kind::option, "lr"}));
  EXPECT_THAT(usual, Contains(RunColumn{Kind::lowest, "train/loss"}));
  EXPECT_THAT(usual_run_columns({&a_.view, &b_.view}), Not(Contains(RunColumn{Kind::option, "net"})));
}

TEST_F(RunTableTest, CellsSayWhatARunCameTo) {
  const auto number = [&](const Foreign& run, Kind kind) {
    return run_cell(run.view, {kind, kind == Kind::duration || kind == Kind::steps ? "" : "train/loss"}).number;
  };
  EXPECT_EQ(number(a_, Kind::last), 2);
  EXPECT_EQ(number(a_, Kind::lowest), 1);
  EXPECT_EQ(number(a_, Kind::highest), 3);
  EXPECT_EQ(number(a_, Kind::mean_of_last), 2);
  EXPECT_EQ(number(a_, Kind::duration), 120);
  EXPECT_EQ(number(a_, Kind::steps), 20);
  EXPECT_EQ(number(b_, Kind::highest), 5);
  EXPECT_TRUE(std::isnan(*number(b_, Kind::mean_of_last)));
  EXPECT_EQ(run_cell(c_.view, {Kind::last, "train/loss"}).text, "");
  EXPECT_EQ(run_cell(c_.view, {Kind::option, "lr"}).text, "");
}

TEST_F(RunTableTest, WhatHasNoValueComesLastWhicheverWay) {
  EXPECT_THAT(sorted_by(runs_, {Kind::lowest, "train/loss"}, false), ElementsAre(&a_.view, &b_.view, &c_.view));
  EXPECT_THAT(sorted_by(runs_, {Kind::lowest, "train/loss"}, true), ElementsAre(&b_.view, &a_.view, &c_.view));
  EXPECT_THAT(sorted_by(runs_, {Kind::mean_of_last, "train/loss"}, true), ElementsAre(&a_.view, &b_.view, &c_.view));
  EXPECT_THAT(sorted_by(runs_, {Kind::option, "lr"}, false), ElementsAre(&b_.view, &a_.view, &c_.view));
}

TEST_F(RunTableTest, WhatPeopleSayIsInColumnsToo) {
  a_.view.info.meta.tags = {"good", "no flip"};
  a_.view.info.meta.notes = "first\nsecond";
  b_.view.info.meta.figures = {{"leaderboard", 0.87}};
  EXPECT_EQ(run_cell(a_.view, run_column("tags")).text, "good, no flip");
  EXPECT_EQ(run_cell(a_.view, run_column("notes")).text, "first");
  EXPECT_EQ(run_cell(b_.view, run_column("leaderboard: figure")).number, 0.87);
  EXPECT_EQ(run_cell(a_.view, run_column("leaderboard: figure")).text, "");
  EXPECT_THAT(run_columns(runs_), Contains("leaderboard: figure"));
  EXPECT_THAT(usual_run_columns(runs_), Contains(RunColumn{Kind::figure, "leaderboard"}));
  EXPECT_THAT(usual_run_columns(runs_), Contains(RunColumn{Kind::tags, ""}));
}

TEST_F(RunTableTest, PinnedRunsStandBeforeAllOthers) {
  c_.view.info.meta.pinned = true;
  EXPECT_THAT(sorted_by(runs_, {Kind::option, "lr"}, false), ElementsAre(&c_.view, &b_.view, &a_.view));
}

TEST_F(RunTableTest, ARunKnowsWhatItBeganFrom) {
  a_.view.info.run = begun_from("/runs/20261121-101500-coarse/checkpoints/step-00000400");
  b_.view.info.run = begun_from("/models/unet.pth");
  c_.view.info.run = begun_from(nullptr);
  EXPECT_EQ(run_cell(a_.view, run_column("begun from")).text, "20261121-101500-coarse@400");
  EXPECT_EQ(run_cell(b_.view, run_column("begun from")).text, "unet.pth");
  EXPECT_EQ(run_cell(c_.view, run_column("begun from")).text, "");
}

TEST_F(RunTableTest, OfSeveralRunsTheMeanAndDeviationStandInACell) {
  const RunCell losses = cell_of_all({&a_.view, &b_.view}, run_column("train/loss: last"));
  EXPECT_EQ(losses.number, 3);
  EXPECT_EQ(losses.text, "3 ± 1.414");
  EXPECT_EQ(cell_of_all({&a_.view, &c_.view}, run_column("train/loss: last")).number, 2) << "of those that have it";
  EXPECT_EQ(cell_of_all({&a_.view, &b_.view}, run_column("net")).text, "unet");
  b_.view.info.meta.tags = {"good"};
  EXPECT_EQ(cell_of_all({&a_.view, &b_.view}, run_column("tags")).text, "various");
}

TEST_F(RunTableTest, ColumnsSayHowLongItTookUntilAMetricPassedAValue) {
  const auto until = [](const Foreign& run, const char* column) { return run_cell(run.view, run_column(column)); };
  EXPECT_EQ(until(a_, "steps until train/loss <= 1.5").number, 10);
  EXPECT_EQ(until(a_, "time until train/loss <= 1.5").number, 60);
  EXPECT_EQ(until(a_, "steps until train/loss >= 3").number, 0);
  EXPECT_EQ(until(b_, "steps until train/loss <= 4").number, 20) << "NaN passes nothing";
  EXPECT_EQ(until(a_, "steps until train/loss <= 0.5").text, "");
  EXPECT_EQ(until(c_, "steps until train/loss <= 0.5").text, "");
  EXPECT_EQ(until(a_, "train/loss: spread of last 10").number, 2);
}

TEST_F(RunTableTest, WhatIsPassedIsAMetricAndAValue) {
  const auto passing = passing_from(" a >= b>=0.5 ");
  ASSERT_TRUE(passing);
  EXPECT_EQ(passing->tag, "a >= b");
  EXPECT_TRUE(passing->upwards);
  EXPECT_EQ(passing->value, 0.5);
  EXPECT_FALSE(passing_from("loss<=1")->upwards);
  for (const char* words : {"", "iou", "iou > 0.5", ">= 1", "iou >= much", "iou >="})
    EXPECT_FALSE(passing_from(words)) << words;
}

TEST_F(RunTableTest, LossesAreBetterLow) {
  for (const char* tag : {"train/loss", "val_loss", "Error rate", "MSE"}) EXPECT_TRUE(lower_is_better(tag)) << tag;
  for (const char* tag : {"iou/val", "accuracy", "dice"}) EXPECT_FALSE(lower_is_better(tag)) << tag;
}

}  // namespace
}  // namespace ablate
