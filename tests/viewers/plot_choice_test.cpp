#include "viewers/plot_choice.h"

#include <gtest/gtest.h>

#include "viewers/run_metrics.h"

namespace ablate {
namespace {

RunView run_logging(const std::vector<std::string>& tags, const std::string& mode = "both") {
  auto data = std::make_shared<RunData>();
  for (const std::string& tag : tags) data->scalars[tag].push_back({0, 0, 0.5});
  RunView view;
  view.data = data;
  RunConfig config;
  config.set("validation.mode", mode);
  view.config = std::make_shared<const RunConfig>(config);
  return view;
}

TEST(PlotChoice, BothModesOfAMetricShareAPlot) {
  const RunView a = run_logging({"iou/val", "iou/val_eval", "iou/val_train_mode", "loss/train", "lr"});
  EXPECT_EQ(plot_names({&a}), (std::vector<std::string>{"loss/train", "iou/val", "lr"}));
  const auto lines = lines_of(a, "iou/val");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].tag, "iou/val_eval");
  EXPECT_FALSE(lines[0].train_mode);
  EXPECT_EQ(lines[1].tag, "iou/val_train_mode");
  EXPECT_TRUE(lines[1].train_mode);
}

TEST(PlotChoice, ValidationInOneModeIsSolidForEvalAndDashedForTrain) {
  const RunView eval = run_logging({"iou/val"}, "eval"), train = run_logging({"iou/val"}, "train");
  ASSERT_EQ(lines_of(eval, "iou/val").size(), 1u);
  EXPECT_FALSE(lines_of(eval, "iou/val")[0].train_mode);
  ASSERT_EQ(lines_of(train, "iou/val").size(), 1u);
  EXPECT_TRUE(lines_of(train, "iou/val")[0].train_mode);
}

TEST(PlotChoice, LossIouAndLearningRateAreShownAtFirst) {
  const RunView a =
      run_logging({"loss/train", "loss/val", "iou/val", "lr", "norm/down1.1/gap", "time/step_ms", "iou/train"});
  EXPECT_EQ(default_plots(plot_names({&a})), (std::set<std::string>{"loss/train", "iou/val", "loss/val", "lr"}));
}

TEST(PlotChoice, OfAnotherProgramsLogTheFirstFourAreShown) {
  const RunView a = run_logging({"train/acc", "train/nll", "epoch", "x", "y", "z"});
  EXPECT_EQ(default_plots(plot_names({&a})).size(), 4u);
}

TEST(PlotChoice, AChartThatALogAsksForIsOfEveryRunsTagsThatFit) {
  RunView asking = run_logging({"loss/train"}), other = run_logging({"loss/train", "loss/val", "val loss", "iou"});
  auto data = std::make_shared<RunData>(*asking.data);
  data->charts = {{"Losses: both", {"loss/.*", "loss/train", "(unfinished"}, false},
                  {"Iou: spread", {"iou", "loss/val", "missing"}, true}};
  asking.data = data;
  const auto charts = logged_charts({&other, &asking, &asking});
  EXPECT_EQ(charts, data->charts);
  const auto lines = [&](std::size_t chart) {
    std::vector<std::pair<std::string, bool>> all;
    for (const PlotLineTag& line : lines_of(other, charts[chart])) all.emplace_back(line.tag, line.train_mode);
    return all;
  };
  EXPECT_EQ(lines(0), (std::vector<std::pair<std::string, bool>>{{"loss/train", false}, {"loss/val", true}}));
  EXPECT_EQ(lines(1), (std::vector<std::pair<std::string, bool>>{{"iou", false}, {"loss/val", true}}));
}

TEST(PlotChoice, SharesAndLearningRatesStayLinear) {
  EXPECT_FALSE(may_be_logarithmic("iou/val"));
  EXPECT_FALSE(may_be_logarithmic("lr"));
  EXPECT_TRUE(may_be_logarithmic("loss/train"));
}

TEST(PlotChoice, ValidationIsNotSmoothed) {
  EXPECT_FALSE(may_be_smoothed("iou/val_train_mode"));
  EXPECT_FALSE(may_be_smoothed("loss/val"));
  EXPECT_TRUE(may_be_smoothed("loss/train"));
}

TEST(RunMetrics, EvalModeFarBelowTrainModeIsSuspicious) {
  RunView view;
  view.info.status.metrics = {{"iou/val_eval", 0.614}, {"iou/val_train_mode", 0.846}};
  view.info.status.best_metric = "iou/val";
  EXPECT_TRUE(last_metrics(view).suspicious());
  view.info.status.metrics["iou/val_eval"] = 0.8;
  EXPECT_FALSE(last_metrics(view).suspicious());
}

TEST(RunMetrics, TheTimeLeftFollowsFromTheTimeOfTheStepsSoFar) {
  RunView view;
  view.info.status.step = 100;
  view.info.status.total_steps = 400;
  EXPECT_FALSE(seconds_left(view));
  view.info.status.training_seconds = 10;
  EXPECT_DOUBLE_EQ(*seconds_left(view), 30);
}

TEST(RunMetrics, RunsDifferInTheOptionsThatMatter) {
  RunView a = run_logging({}), b = run_logging({});
  RunConfig config;
  config.set("model.norm", "instance");
  config.set("train.steps", 50);
  b.config = std::make_shared<const RunConfig>(config);
  const auto words = differing_words({&a, &b});
  EXPECT_NE(std::find(words.begin(), words.end(), "norm"), words.end());
  EXPECT_NE(std::find(words.begin(), words.end(), "steps"), words.end());
  EXPECT_TRUE(differing_words({&a}).empty());
}

}  // namespace
}  // namespace ablate
