// A search is defined under New experiment and started; what a run that waits or trains can be asked. No workers.
#include <gtest/gtest.h>

#include <cstdlib>

#include "driver.h"
#include "recording_actions.h"
#include "sweeps/inheritable_lock.h"
#include "sweeps/queue_files.h"
#include "sweeps/sweep_folder.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

class SearchTest : public testing::Test {
 protected:
  void open() {
    WindowOptions options;
    options.root = root();
    options.settings = folder_.path() / "settings";
    options.width = 1400;
    options.height = 900;
    driver_ = std::make_unique<Driver>(options);
    driver_->run([&](ImGuiTestContext& context) {
      driver_->wait_until(
          context, [&] { return driver_->contents().settled(); }, 20, "all is read");
    });
  }
  /// Nothing that is asked for happens.
  void record() { driver_->contents().workspace().actions = &actions_; }
  /// Within the panel, whatever is scrolled out of sight.
  static ImGuiID choices(ImGuiTestContext& context) { return context.WindowInfo("//New experiment/choices").ID; }
  static bool can_start(ImGuiTestContext& context) {
    context.Yield(2);
    return !(context.ItemInfo("//New experiment/###start").ItemFlags & ImGuiItemFlags_Disabled);
  }
  fs::path root() const { return folder_.path() / "runs"; }

  TemporaryFolder folder_{"search"};
  RecordingActions actions_;
  std::unique_ptr<Driver> driver_;
};

TEST_F(SearchTest, AnExperimentThatIsNotSearchedShowsNothingOfIt) {
  open();
  driver_->run([&](ImGuiTestContext& context) {
    context.SetRef("New experiment");
    EXPECT_TRUE(context.ItemExists("###launch"));
    EXPECT_FALSE(context.ItemExists("###start"));
    context.SetRef(choices(context));
    EXPECT_FALSE(context.ItemExists("sampler"));
    context.ItemClick("search");
    context.Yield(2);
    EXPECT_TRUE(context.ItemExists("sampler"));
    EXPECT_FALSE(context.ItemExists("//New experiment/###launch"));
  });
}

TEST_F(SearchTest, WhatIsChosenIsTheSweepThatStarts) {
  open();
  record();
  driver_->run([&](ImGuiTestContext& context) {
    context.SetRef(choices(context));
    context.ItemClick("search");
    context.ItemInputValue("optimizer.lr/##low", "1e-5");
    context.ItemClick("search a range of …");
    context.ItemClick("//$FOCUSED/model.depth");
    context.ItemInputValue("model.depth/##high", "3");
    context.ItemClick("model.norm/instance");
    context.ComboClick("sampler/sobol");
    context.ComboClick("pruner/none");
    context.ItemClick("###fields");
    context.ItemInputValue("sobol/seed", "5");
    context.ItemClick("objective 0/##metric");
    context.ItemClick("//##Combo_00/**/loss\\/val");
    context.ItemClick("objective 0/##take");
    context.ItemClick("//##Combo_00/**/last");
    context.ItemClick("another objective");
    context.ItemInputValue("trials", "12");
    context.ItemInputValue("at once", 3);
    EXPECT_TRUE(can_start(context));
  });
  driver_->save_picture("search");
  driver_->run([&](ImGuiTestContext& context) { context.ItemClick("//New experiment/###start"); });
  EXPECT_EQ(actions_.asked, (std::vector<std::string>{"launch sweep lr-depth-norm, 3 at once"}));
  ASSERT_TRUE(actions_.sweep);
  const nlohmann::ordered_json expected = {
      {"optimizer.lr", {{"type", "float"}, {"low", 1e-5}, {"high", 0.01}, {"log", true}}},
      {"model.depth", {{"type", "int"}, {"low", 2}, {"high", 3}}},
      {"model.norm", {{"type", "categorical"}, {"choices", {"batch", "instance"}}}}};
  EXPECT_EQ(actions_.sweep->space.to_json(), expected);
  EXPECT_EQ(actions_.sweep->sampler, (nlohmann::json{{"name", "sobol"}, {"seed", 5}}));
  EXPECT_EQ(actions_.sweep->pruner.at("name"), "none");
  EXPECT_EQ(actions_.sweep->objectives,
            (std::vector<Sweep::Objective>{{"loss/val", Direction::minimize, Sweep::Objective::Take::last},
                                           {"iou/val", Direction::maximize, Sweep::Objective::Take::best}}));
  EXPECT_EQ(actions_.sweep->budget.trials, 12);
}

TEST_F(SearchTest, WhatIsWrongIsSaidAndNothingStarts) {
  open();
  record();
  driver_->run([&](ImGuiTestContext& context) {
    context.SetRef(choices(context));
    context.ItemClick("search");
    EXPECT_TRUE(can_start(context));
    context.ItemInputValue("optimizer.lr/##low", "5");
    EXPECT_FALSE(can_start(context));
    context.ItemInputValue("optimizer.lr/##low", "1e-4");
    context.ItemInputValue("trials", "");
    EXPECT_FALSE(can_start(context));
    context.ItemInputValue("hours", "2");
    EXPECT_TRUE(can_start(context));
    context.ItemClick("optimizer.lr/###remove");
    EXPECT_FALSE(can_start(context)) << "nothing is searched";
  });
  EXPECT_TRUE(actions_.asked.empty());
}

TEST_F(SearchTest, OnAClusterIsStartedWithWhatIsAskedOfIt) {
  open();
  record();
  TrainingPlace expected;
  expected.launcher = "slurm";
  expected.slots = 4;
  expected.slurm.partition = "gpu";
  expected.slurm.time = "2:00:00";
  expected.slurm.gres = "gpu:1";
  expected.slurm.cpus = 8;
  expected.slurm.requeue = false;
  expected.slurm.lines = {"--constraint=a100 --exclusive"};
  driver_->run([&](ImGuiTestContext& context) {
    context.SetRef(choices(context));
    context.ComboClick("##launcher/on a Slurm cluster");
    context.ItemInputValue("partition", "gpu");
    context.ItemInputValue("time", "2:00:00");
    context.ItemInputValue("gres", "gpu:1");
    context.ItemInputValue("cores", "8");
    context.ItemUncheck("requeue");
    context.ItemInputValue("others", "--constraint=a100 --exclusive");
    context.ItemInputValue("at once", "4");
  });
  driver_->save_picture("cluster");
  driver_->run([&](ImGuiTestContext& context) {
    context.SetRef(choices(context));
    context.ItemClick("//New experiment/###launch");
    EXPECT_EQ(actions_.place, expected);
    actions_.place = {};
    context.ItemClick("search");
    context.ItemClick("//New experiment/###start");
  });
  EXPECT_EQ(actions_.place, expected);
  EXPECT_EQ(actions_.asked, (std::vector<std::string>{"launch run", "launch sweep lr, 4 at once"}));
}

TEST_F(SearchTest, AClusterIsCheckedBeforeAnyRunIsLost) {
  open();
  driver_->run([&](ImGuiTestContext& context) {
    context.SetRef(choices(context));
    context.ComboClick("##launcher/on a Slurm cluster");
    context.ItemInputValue("partition", "none-of-this-name");
    context.ItemClick("###check");
    driver_->wait_until(
        context, [&] { return context.WindowInfo("found", ImGuiTestOpFlags_NoError).Window != nullptr; }, 60,
        "something is found");
  });
  driver_->save_picture("cluster-checked");
}

TEST_F(SearchTest, IsFoundAgainAsItWas) {
  open();
  driver_->run([&](ImGuiTestContext& context) {
    context.SetRef(choices(context));
    context.ItemClick("search");
    context.ItemInputValue("trials", "7");
    context.ItemClick("search a range of …");
    context.ItemClick("//$FOCUSED/data.flip");
  });
  driver_.reset();
  open();
  record();
  driver_->run([&](ImGuiTestContext& context) { context.ItemClick("//New experiment/###start"); });
  ASSERT_TRUE(actions_.sweep);
  EXPECT_EQ(actions_.sweep->budget.trials, 7);
  EXPECT_NE(actions_.sweep->space.find("data.flip"), nullptr);
}

TEST_F(SearchTest, WithoutAWorkerItIsSaidAndNothingIsMade) {
  const char* const set = std::getenv("ABLATE_TRAIN");
  const std::string before = set ? set : "";
  ::setenv("ABLATE_TRAIN", (folder_.path() / "none").c_str(), 1);
  open();
  driver_->run([&](ImGuiTestContext& context) {
    context.SetRef(choices(context));
    context.ItemClick("search");
    context.ItemClick("//New experiment/###start");
    driver_->wait_until(
        context, [&] { return driver_->contents().workspace().error.has_value(); }, 20, "it is said");
    EXPECT_TRUE(can_start(context)) << "once it is mended";
  });
  EXPECT_TRUE(list_sweeps(root()).empty());
  if (set)
    ::setenv("ABLATE_TRAIN", before.c_str(), 1);
  else
    ::unsetenv("ABLATE_TRAIN");
}

class AskedOfARunTest : public SearchTest {
 protected:
  fs::path make(const std::string& name, RunState state) {
    const fs::path run = create_run(root(), name, {{"config", RunConfig().to_json()}, {"variant", name}});
    RunStatus status;
    status.state = state;
    write_status(run, status);
    return run;
  }
  void menu_of(ImGuiTestContext& context, const char* run) {
    context.ItemClick((std::string("//Runs/**/") + run).c_str(), ImGuiMouseButton_Right);
    context.SetRef("//$FOCUSED");
  }
};

TEST_F(AskedOfARunTest, AnotherLearningRate) {
  make("one", RunState::queued);
  open();
  record();
  driver_->run([&](ImGuiTestContext& context) {
    menu_of(context, "one");
    context.MenuClick("Learning rate/0.1x");
    menu_of(context, "one");
    context.MenuAction(ImGuiTestAction_Hover, "Learning rate");
    context.ItemInput("//$FOCUSED/##rate");
    context.KeyCharsReplaceEnter("3e-4");
    menu_of(context, "one");
    context.MenuAction(ImGuiTestAction_Hover, "Learning rate");
    context.ItemInput("//$FOCUSED/##rate");
    context.KeyCharsReplaceEnter("fast");
    EXPECT_TRUE(driver_->contents().workspace().error.has_value());
  });
  EXPECT_EQ(actions_.asked, (std::vector<std::string>{"lr 0.1x for one", "lr 0.0003 for one"}));
}

TEST_F(AskedOfARunTest, AnotherPlaceInTheQueue) {
  const fs::path one = make("one", RunState::queued), two = make("two", RunState::queued);
  const QueueFiles files(root());
  files.make_folders();
  append(files, {one, two}, 0);
  const auto keeper = InheritableLock::try_acquire(files.keeper);  // They wait on.
  open();
  driver_->run([&](ImGuiTestContext& context) {
    const auto place = [&](const char* name) { return driver_->run_named(name)->queue_place; };
    EXPECT_EQ(place("one"), 1);
    EXPECT_EQ(place("two"), 2);
    menu_of(context, "two");
    context.ItemClick("Start before all others");
    driver_->wait_until(
        context, [&] { return place("two") == 1 && place("one") == 2; }, 20, "it is the next");
    menu_of(context, "two");
    context.ItemClick("Start after all others");
    driver_->wait_until(
        context, [&] { return place("two") == 2 && place("one") == 1; }, 20, "it is the last");
  });
}

}  // namespace
}  // namespace ablate
