// What people say of runs: names, tags, notes, figures, colours; the archive and the bin.
#include "finished_runs.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

using MarksTest = FinishedRunsTest;

TEST_F(MarksTest, WhatIsSaidOfARunIsKeptWithItAndFindsIt) {
  const fs::path folder = driver_->run_named("two-instance")->info.folder;
  driver_->run([&](ImGuiTestContext& context) {
    context.ItemClick("//Runs/**/two-instance", ImGuiMouseButton_Right);
    context.SetRef("//$FOCUSED");
    context.MenuAction(ImGuiTestAction_Hover, "Name, tags, notes");
    context.SetRef("//$FOCUSED");
    context.ItemInputValue("##name", "the good one");
    context.ItemInputValue("##tags", "good, no flip");
    context.ItemInputValue("##figures", "leaderboard 0.87");
    context.ItemClick("Keep");
    EXPECT_TRUE(read_meta(folder).name.empty()) << "a figure is written otherwise";
    context.ItemInputValue("##figures", "leaderboard=0.87");
    context.ItemInput("##notes");
    context.KeyCharsReplace("wider");
    context.ItemInput("##name");
    context.SetRef("//$FOCUSED");
    context.ItemClick("Keep");
    if (!driver_->wait_until(
            context, [&] { return driver_->run_named("the good one") != nullptr; }, 20, "it has another name"))
      return;
    context.ItemClick("//Runs/**/the good one", ImGuiMouseButton_Right);
    context.ItemClick("//$FOCUSED/Pin");
    driver_->wait_until(
        context, [&] { return driver_->run_named("the good one")->info.meta.pinned; }, 20, "it is pinned");
    context.ItemInputValue("//Runs/##filter", "no flip pinned");
    context.Yield(2);
    EXPECT_TRUE(context.ItemExists("//Runs/**/the good one"));
    EXPECT_FALSE(context.ItemExists("//Runs/**/one-batch"));
    context.ItemInputValue("//Runs/##filter", "");
    context.WindowFocus("//Table");
  });
  driver_->save_picture("said-in-the-table");
  const RunMeta said = read_meta(folder);
  EXPECT_EQ(said.tags, (std::vector<std::string>{"good", "no flip"}));
  EXPECT_EQ(said.figures, (std::map<std::string, double>{{"leaderboard", 0.87}}));
  EXPECT_EQ(said.notes, "wider");
}

TEST_F(MarksTest, AnArchivedRunIsDrawnNowhereUntilItIsBroughtBack) {
  driver_->run([&](ImGuiTestContext& context) {
    context.ItemClick("//Runs/**/two-instance", ImGuiMouseButton_Right);
    context.ItemClick("//$FOCUSED/Archive");
    driver_->wait_until(
        context, [&] { return workspace().shown.size() == 1; }, 20, "it is gone from sight");
    EXPECT_FALSE(context.ItemExists("//Runs/**/two-instance"));
    context.ItemInputValue("//Runs/##filter", "archived");
    context.Yield(2);
    context.ItemClick("//Runs/**/two-instance", ImGuiMouseButton_Right);
    context.ItemClick("//$FOCUSED/Bring back from the archive");
    driver_->wait_until(
        context, [&] { return workspace().shown.size() == 2; }, 20, "it is back");
    context.ItemInputValue("//Runs/##filter", "");
  });
}

TEST_F(MarksTest, ARemovedRunComesBackByUndo) {
  const RunView before = *driver_->run_named("two-instance");
  driver_->run([&](ImGuiTestContext& context) {
    context.ItemClick("//Runs/**/two-instance", ImGuiMouseButton_Right);
    context.ItemClick("//$FOCUSED/Remove");
    driver_->wait_until(
        context, [&] { return workspace().removed && !driver_->run_named("two-instance"); }, 20, "it is in the bin");
    EXPECT_FALSE(fs::exists(before.info.folder));
    EXPECT_FALSE(workspace().error) << *workspace().error;
  });
  driver_->save_picture("removed");
  driver_->run([&](ImGuiTestContext& context) {
    context.ItemClick("//Removed/Undo");
    driver_->wait_until(
        context, [&] { return driver_->run_named("two-instance") != nullptr; }, 20, "it is back");
    EXPECT_FALSE(workspace().removed);
  });
  EXPECT_EQ(driver_->run_named("two-instance")->color, before.color);
}

TEST_F(MarksTest, ADotDraggedOntoAnotherGivesThatRunItsColour) {
  const auto from = driver_->run_named("one-batch"), to = driver_->run_named("two-instance");
  ASSERT_NE(from->color, to->color);
  driver_->run([&](ImGuiTestContext& context) {
    context.ItemDragAndDrop(("//Runs/**/" + from->info.id + "/show").c_str(),
                            ("//Runs/**/" + to->info.id + "/show").c_str());
    driver_->wait_until(
        context,
        [&] { return words_of_color(driver_->run_named("two-instance")->color) == words_of_color(from->color); }, 20,
        "it has the colour");
    EXPECT_FALSE(workspace().hidden.contains(from->info.id)) << "it was dragged, not pressed";
  });
}

TEST_F(MarksTest, ARunTakesAnotherColour) {
  driver_->run([&](ImGuiTestContext& context) {
    context.ItemClick("//Runs/**/two-instance", ImGuiMouseButton_Right);
    context.SetRef("//$FOCUSED");
    context.MenuAction(ImGuiTestAction_Hover, "Colour");
    context.SetRef("//$FOCUSED");
    context.ItemClick("$$4/##of the palette");
    driver_->wait_until(
        context,
        [&] { return driver_->run_named("two-instance")->color == *parse_color(words_of_color(run_palette()[4])); }, 20,
        "it has the colour");
  });
}

}  // namespace
}  // namespace ablate
