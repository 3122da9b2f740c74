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

TEST_F(RunTableTest, LossesAreBetterLow) {
  for (const char* tag : {"train/loss", "val_loss", "Error rate", "MSE"}) EXPECT_TRUE(lower_is_better(tag)) << tag;
  for (const char* tag : {"iou/val", "accuracy", "dice"}) EXPECT_FALSE(lower_is_better(tag)) << tag;
}

}  // namespace
}  // namespace ablate
