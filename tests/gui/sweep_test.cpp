// The sweep panel: its table, its marks, and what its buttons ask for; no controller, no workers.
#include <gtest/gtest.h>

#include <vector>

#include "driver.h"
#include "recording_actions.h"
#include "sweeps/inheritable_lock.h"
#include "sweeps/sweep_folder.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

class SweepPanelTest : public testing::Test {
 protected:
  SweepPanelTest() {
    const fs::path run = create_run(root(), "trial-one", {{"config", RunConfig().to_json()}, {"variant", "trial-one"}});
    run_ = run.filename().string();
    const Sweep sweep = Sweep::from_json(
        {{"name", "rates"},
         {"space", {{"optimizer.lr", {{"type", "float"}, {"low", 1e-5}, {"high", 1e-1}, {"log", true}}}}},
         {"objective", {{"metric", "iou/val"}, {"direction", "maximize"}}},
         {"sampler", {{"name", "random"}}},
         {"budget", {{"trials", 8}}}},
        "here");
    folder_of_sweep_ = create_sweep(root(), sweep);
    Journal journal(journal_file(folder_of_sweep_));
    journal.update([&](const JournalReplay&) {
      const Study& study = study_of(sweep, journal);
      const auto lr = std::make_shared<const Distribution>(sweep.space.find("optimizer.lr")->distribution);
      std::vector<journal::Record> records;
      const auto add = [&](double rate, TrialState state, std::vector<double> values) {
        Trial trial;
        trial.state = state;
        trial.params = {{"optimizer.lr", rate}};
        trial.distributions = {{"optimizer.lr", lr}};
        trial.values = std::move(values);
        if (finished(state)) trial.started_seconds = 1000, trial.ended_seconds = 1060;
        if (records.size() == 1) trial.user_attrs["run"] = run_;
        records.push_back(journal::create_trial(study, trial));
      };
      add(1e-4, TrialState::complete, {0.5});
      add(1e-3, TrialState::complete, {0.9});
      add(1e-2, TrialState::pruned, {0.2});
      add(3e-3, TrialState::complete, {0.7});
      add(2e-2, TrialState::running, {});
      return records;
    });
  }

  /// With a controller, as far as anybody can tell.
  void open(bool led) {
    if (led) lock_ = InheritableLock::try_acquire(folder_of_sweep_ / "controller.lock");
    WindowOptions options;
    options.root = root();
    options.width = 1400;
    options.height = 900;
    driver_ = std::make_unique<Driver>(options);
    driver_->contents().workspace().actions = &actions_;
    driver_->run([&](ImGuiTestContext& context) {
      driver_->wait_until(
          context, [&] { return driver_->contents().settled(); }, 20, "all is read");
      context.WindowFocus("//Sweep");
      context.Yield(3);
    });
  }
  fs::path root() const { return folder_.path() / "runs"; }
  Workspace& workspace() { return driver_->contents().workspace(); }
  static void choose_view(ImGuiTestContext& context, const char* view) {
    context.SetRef("Sweep");
    context.ComboClick((std::string("##view/") + view).c_str());
    context.Yield(2);
  }
  /// Whether the row of a trial stands above that of another one.
  static bool above(ImGuiTestContext& context, int one, int other) {
    const auto top = [&](int n) {
      return context.ItemInfo(("//Sweep/**/" + std::to_string(n)).c_str()).RectFull.Min.y;
    };
    return top(one) < top(other);
  }

  TemporaryFolder folder_{"sweep"};
  fs::path folder_of_sweep_;
  std::string run_;
  std::optional<InheritableLock> lock_;
  RecordingActions actions_;
  std::unique_ptr<Driver> driver_;
};

TEST_F(SweepPanelTest, AClickOnAHeaderSortsTheTrials) {
  open(false);
  driver_->run([&](ImGuiTestContext& context) {
    EXPECT_TRUE(above(context, 0, 1));
    const char* const table = "//Sweep/trials/trials";
    context.TableClickHeader(table, "iou/val");
    context.Yield(2);
    EXPECT_TRUE(above(context, 1, 3) && above(context, 3, 0) && above(context, 0, 2)) << "the better ones first";
    EXPECT_TRUE(above(context, 2, 4)) << "without a value last";
    context.TableClickHeader(table, "iou/val");
    context.Yield(2);
    EXPECT_TRUE(above(context, 2, 0) && above(context, 3, 1) && above(context, 1, 4));
  });
}

TEST_F(SweepPanelTest, AClickOnATrialShowsItsRunInTheOtherPanels) {
  open(false);
  driver_->run([&](ImGuiTestContext& context) {
    workspace().hidden.insert(run_);
    workspace().selected_by_hand = false;
    context.Yield(2);
    context.ItemClick("//Sweep/**/1");
    EXPECT_EQ(workspace().selected, run_);
    EXPECT_TRUE(workspace().selected_by_hand);
    EXPECT_FALSE(workspace().hidden.contains(run_));
  });
}

TEST_F(SweepPanelTest, WhatIsPressedIsAskedForOnce) {
  open(true);
  driver_->run([&](ImGuiTestContext& context) {
    context.SetRef("Sweep");
    EXPECT_FALSE(context.ItemExists("Resume"));
    context.ItemClick("Pause");
    context.ItemInputValue("##more", 25);
    context.ItemClick("Add trials");
    context.ItemClick("**/end");
    context.ItemClick("Stop");
  });
  EXPECT_EQ(actions_.asked,
            (std::vector<std::string>{"pause rates", "add 25 to rates", "kill 4 of rates", "stop rates"}));
}

TEST_F(SweepPanelTest, ASweepThatNobodyLeadsCanBeResumed) {
  open(false);
  driver_->run([&](ImGuiTestContext& context) {
    context.SetRef("Sweep");
    EXPECT_FALSE(context.ItemExists("Pause"));
    EXPECT_FALSE(context.ItemExists("Stop"));
    context.ItemClick("Resume");
  });
  EXPECT_EQ(actions_.asked, (std::vector<std::string>{"resume rates"}));
}

TEST_F(SweepPanelTest, ADragAlongAnAxisLeavesTrialsOutOfEveryView) {
  open(false);
  driver_->run([&](ImGuiTestContext& context) {
    choose_view(context, "parallel coordinates");
    const ImRect axis = context.ItemInfo("//Sweep/parallel coordinates/optimizer.lr").RectFull;
    // The upper half but for the very top: 1e-3 and more.
    context.MouseMoveToPos(ImVec2(axis.GetCenter().x, axis.Min.y + 0.1f * axis.GetHeight()));
    context.MouseDown();
    context.MouseMoveToPos(ImVec2(axis.GetCenter().x, axis.Min.y + 0.6f * axis.GetHeight()));
    context.MouseUp();
    context.Yield(2);
    choose_view(context, "trials");
    EXPECT_FALSE(context.ItemExists("//Sweep/**/0"));
    for (const char* kept : {"//Sweep/**/1", "//Sweep/**/2", "//Sweep/**/3", "//Sweep/**/4"})
      EXPECT_TRUE(context.ItemExists(kept)) << kept;
    choose_view(context, "parallel coordinates");
    context.ItemClick("//Sweep/parallel coordinates/keep all");
    choose_view(context, "trials");
    EXPECT_TRUE(context.ItemExists("//Sweep/**/0"));
  });
}

TEST_F(SweepPanelTest, EveryViewIsDrawn) {
  open(false);
  driver_->run([&](ImGuiTestContext& context) {
    for (const char* view : {"history", "learning curves", "parallel coordinates", "slices", "contour", "importance",
                             "Pareto front", "timeline", "trials"})
      choose_view(context, view);
    EXPECT_TRUE(context.ItemExists("//Sweep/**/0"));
  });
}

TEST_F(SweepPanelTest, AClickOnAPointSelectsItsTrial) {
  open(false);
  driver_->run([&](ImGuiTestContext& context) {
    workspace().selected_by_hand = false;
    choose_view(context, "timeline");
    const ImRect plot = context.ItemInfo("//Sweep/timeline/##timeline").RectFull;
    // Downwards through bars of trials that have no run, until ours comes.
    for (float y = plot.Min.y; y < plot.Max.y && !workspace().selected_by_hand; y += ImGui::GetFontSize()) {
      context.MouseMoveToPos(ImVec2(plot.GetCenter().x, y));
      context.MouseClick();
      context.Yield(2);
    }
    EXPECT_EQ(workspace().selected, run_);
    EXPECT_TRUE(workspace().selected_by_hand);
  });
}

}  // namespace
}  // namespace ablate
