// The whole way, with real workers: two variants by clicking, launched, watched, one stopped and resumed, the window
// closed and opened again while the other trains.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <thread>

#include "driver.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

class ExperimentTest : public testing::Test {
 protected:
  WindowOptions options() {
    WindowOptions options;
    options.root = root_.path() / "runs";
    options.settings = root_.path() / "settings";
    options.width = 1400;
    options.height = 900;
    return options;
  }
  void build_two_variants(ImGuiTestContext& context);
  void launch(Driver& driver, ImGuiTestContext& context);
  void watch(Driver& driver, ImGuiTestContext& context);
  void stop_and_resume(Driver& driver, ImGuiTestContext& context);
  void wait_while_closed(const fs::path& run);
  void examine(Driver& driver, ImGuiTestContext& context);
  void stop_everything(Driver& driver, ImGuiTestContext& context);

  TemporaryFolder root_{"experiment"};
};

void ExperimentTest::build_two_variants(ImGuiTestContext& context) {
  context.SetRef("New experiment");
  context.ItemInputValue("**/channels##model.channels", "2");
  context.ItemInputValue("**/batch size##train.batch_size", "4");
  context.ItemInputValue("**/steps##train.steps", "4000");
  set_added_option(context, "data.size", "32x32");
  set_added_option(context, "data.count", "40");
  set_added_option(context, "data.held_out", "8");
  set_added_option(context, "log.previews", "2");
  context.ItemClick("**/model.norm/instance");
}

void ExperimentTest::launch(Driver& driver, ImGuiTestContext& context) {
  EXPECT_EQ(driver.snapshot().runs.size(), 0u);
  context.SetRef("New experiment");
  EXPECT_STREQ(context.ItemInfo("###launch").DebugLabel, "Launch 2 runs###launch");
  context.ItemClick("###launch");
  driver.wait_until(
      context, [&] { return driver.snapshot().runs.size() == 2; }, 20, "two runs are listed");
  EXPECT_FALSE(driver.contents().workspace().error.has_value()) << *driver.contents().workspace().error;
  driver.wait_until(
      context, [&] { return driver.contents().workspace().selected == driver.run_named("batch")->info.id; }, 20,
      "the first of them is selected");
}

void ExperimentTest::watch(Driver& driver, ImGuiTestContext& context) {
  const auto batch = [&] { return driver.run_named("batch"); };
  driver.wait_until(
      context, [&] { return points(batch(), "loss/train") > 20; }, 60, "its loss arrives");
  driver.wait_until(
      context, [&] { return has_masks(batch()) && points(batch(), "iou/val_eval") > 0; }, 60, "its masks arrive");
  driver.wait_until(
      context, [&] { return driver.contents().settled(); }, 20, "its pictures are decoded");
  driver.wait_until(
      context, [&] { return points(batch(), "norm/down1.1/gap") > 0; }, 60, "its layers arrive");
}

void ExperimentTest::stop_and_resume(Driver& driver, ImGuiTestContext& context) {
  const auto batch = [&] { return driver.run_named("batch"); };
  context.ItemClick("//Runs/**/batch");
  EXPECT_EQ(driver.contents().workspace().selected, batch()->info.id);
  context.WindowFocus("//Console");
  context.ItemClick("//Console/Stop");
  driver.wait_until(
      context, [&] { return is(batch(), RunState::stopped); }, 60, "the run stops");
  const Step stopped_at = batch()->info.status.step;
  EXPECT_GT(stopped_at, 0);
  EXPECT_LT(stopped_at, batch()->info.status.total_steps);
  context.ItemClick("//Console/Resume");
  driver.wait_until(
      context, [&] { return !is(batch(), RunState::stopped); }, 20, "the run is queued again");
  driver.wait_until(
      context,
      [&] {
        return is(driver.run_named("instance"), RunState::running) ||
               is(driver.run_named("instance"), RunState::completed);
      },
      60, "the other one trains");
}

/// Nobody looks at it, and it goes on.
void ExperimentTest::wait_while_closed(const fs::path& run) {
  const auto before = read_status(run);
  ASSERT_TRUE(before);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  const auto further = [&] {
    const auto now = read_status(run);
    return now && (now->step > before->step || now->state == RunState::completed);
  };
  while (!further()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the run does not go on without the window";
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

void ExperimentTest::stop_everything(Driver& driver, ImGuiTestContext& context) {
  context.SetRef("");
  if (driver.contents().busy()) context.MenuClick("//##MainMenuBar/Run/Stop all");
  driver.wait_until(
      context, [&] { return !driver.contents().busy(); }, 60, "everything has stopped");
  EXPECT_FALSE(driver.contents().time_passes()) << "so that nothing is drawn until something happens";
}

/// Stopped half way, and once more to its end.
void ExperimentTest::examine(Driver& driver, ImGuiTestContext& context) {
  const auto of_batch = [&]() -> const Examination* {
    const auto& all = driver.contents().workspace().examinations;
    const auto found = all.find(driver.run_named("batch")->info.id);
    return found == all.end() ? nullptr : &found->second;
  };
  context.ItemClick("//Runs/**/batch");
  context.ItemClick("//Findings/Examine");
  driver.wait_until(
      context, [&] { return of_batch() && !of_batch()->test.empty(); }, 60, "it says what it tests");
  context.ItemClick("//Findings/**/Stop##examining");
  driver.wait_until(
      context, [&] { return !of_batch(); }, 20, "it is stopped");
  context.ItemClick("//Findings/Examine");
  driver.wait_until(
      context, [&] { return of_batch() && of_batch()->over; }, 100, "it ends");
  EXPECT_EQ(of_batch()->problem, "");
  EXPECT_EQ(of_batch()->findings, read_findings(driver.run_named("batch")->info.folder).size());
}

TEST_F(ExperimentTest, IsBuiltLaunchedWatchedStoppedResumedAndFoundAgain) {
  fs::path other;
  Step resumed_from = 0;
  {
    Driver driver(options());
    driver.run([&](ImGuiTestContext& context) {
      build_two_variants(context);
      launch(driver, context);
      watch(driver, context);
    });
    EXPECT_GT(driver.pixels_like("Curves", driver.run_named("batch")->color), 100);  // Its lines,
    EXPECT_GT(driver.pixels_like("Masks", {1, 1, 1}), 200);                          // and the white of a target.
    driver.run([&](ImGuiTestContext& context) { stop_and_resume(driver, context); });
    ASSERT_NE(driver.run_named("instance"), nullptr);
    other = driver.run_named("instance")->info.folder;
    resumed_from = driver.run_named("batch")->info.status.step;
  }
  wait_while_closed(other);
  Driver driver(options());
  driver.run([&](ImGuiTestContext& context) {
    driver.wait_until(
        context, [&] { return driver.snapshot().runs.size() == 2 && driver.contents().settled(); }, 30,
        "both runs are found again");
    EXPECT_GT(points(driver.run_named("instance"), "loss/train"), 0u);
    EXPECT_TRUE(has_masks(driver.run_named("batch")));
    driver.wait_until(
        context, [&] { return driver.run_named("batch")->info.status.step > resumed_from; }, 90,
        "the resumed run goes on");
    stop_everything(driver, context);
    examine(driver, context);
  });
  EXPECT_FALSE(driver.contents().workspace().error.has_value());
}

TEST_F(ExperimentTest, FindsALearningRateForEachVariantAndTrainsAtIt) {
  Driver driver(options());
  double suggested = 0;
  driver.run([&](ImGuiTestContext& context) {
    build_two_variants(context);
    context.ItemClick("**/find LR");
    context.ItemClick("//$FOCUSED/as fastai");
    const auto tested = [&](const char* name) {
      const RunView* const run = driver.run_named(name);
      return is(run, RunState::completed) && points(run, "loss/smoothed") > 20;
    };
    driver.wait_until(
        context, [&] { return tested("batch") && tested("instance"); }, 60, "both variants are tested");
    driver.wait_until(
        context, [&] { return context.ItemExists("//LR finder/**/###use minimum"); }, 10, "what they suggest is shown");
  });
  EXPECT_GT(driver.pixels_like("LR finder", driver.run_named("batch")->color), 100);
  EXPECT_GT(driver.pixels_like("LR finder", look::kAccent), 100);  // A line for each rule.
  driver.run([&](ImGuiTestContext& context) {
    suggested = driver.run_named("batch")->info.status.range_test["suggestions"]["minimum"];
    context.ItemClick("//LR finder/**/###use minimum");
    context.SetRef("New experiment");
    context.ItemClick("###launch");
    driver.wait_until(
        context, [&] { return driver.snapshot().runs.size() == 4; }, 20, "two runs at that rate are listed");
    context.SetRef(context.WindowInfo("//New experiment/choices").ID);
    context.ComboClick("learning rate of each/its own: minimum");
    context.SetRef("New experiment");
    context.ItemClick("###launch");
    driver.wait_until(
        context, [&] { return driver.snapshot().runs.size() == 6; }, 20, "two at their own are listed");
    EXPECT_FALSE(driver.contents().workspace().error.has_value()) << *driver.contents().workspace().error;
    stop_everything(driver, context);
  });
  std::multimap<std::string, double> rates;
  std::map<std::string, double> own;
  for (const auto& run : driver.snapshot().runs) {
    const RunInfo& info = run->info;
    if (info.status.range_test.is_object())
      own[info.run->at("variant")] = info.status.range_test["suggestions"]["minimum"];
    else
      rates.emplace(info.run->at("variant"), run->config->real("optimizer.lr"));
  }
  const auto [first, second] = std::pair(rates.find("batch"), std::next(rates.find("batch")));
  EXPECT_NEAR(first->second / suggested, 1, 0.01);  // As typed: three digits.
  EXPECT_DOUBLE_EQ(second->second, suggested);
  EXPECT_NEAR(rates.find("instance")->second / suggested, 1, 0.01);
  EXPECT_DOUBLE_EQ(std::next(rates.find("instance"))->second, own.at("instance"));
}

TEST_F(ExperimentTest, ASweepIsStartedAndItsPanelOpensOnIt) {
  Driver driver(options());
  driver.run([&](ImGuiTestContext& context) {
    build_two_variants(context);
    context.ItemInputValue("**/steps##train.steps", "20");
    context.SetRef(context.WindowInfo("//New experiment/choices").ID);
    context.ItemClick("search");
    context.ItemInputValue("trials", "2");
    context.ItemClick("//New experiment/###start");
    if (!driver.wait_until(
            context, [&] { return driver.contents().workspace().sweep == "norm"; }, 20,
            "it is the sweep that is shown"))
      return;
    EXPECT_FALSE(driver.contents().workspace().error.has_value()) << *driver.contents().workspace().error;
    const auto over = [&] {
      const SweepView& sweep = *driver.snapshot().sweeps.at(0);
      return sweep.state.now == SweepState::Now::finished && sweep.study && !sweep.study->best().empty();
    };
    driver.wait_until(context, over, 90, "two trials are made");
    EXPECT_TRUE(context.ItemExists("//Sweep/**/1")) << "a line for each, in front";
  });
  ASSERT_EQ(driver.snapshot().sweeps.size(), 1u);
  EXPECT_EQ(driver.snapshot().sweeps[0]->study->trials.size(), 2u);
}

}  // namespace
}  // namespace ablate
