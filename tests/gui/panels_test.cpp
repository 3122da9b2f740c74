// What panels do with runs that are there already; no workers.
#include <imgui_internal.h>

#include "finished_runs.h"
#include "runs/run_writer.h"
#include "viewers/layers/layer_table.h"
#include "viewers/layers/quantity.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

using PanelsTest = FinishedRunsTest;

TEST_F(PanelsTest, TheRunThatSomethingWasFoundInIsSelected) {
  EXPECT_EQ(workspace().selected_run()->info.name, "one-batch");
}

TEST_F(PanelsTest, PressingADotHidesARunAndShowsItAgain) {
  const std::string id = driver_->run_named("two-instance")->info.id;
  driver_->run([&](ImGuiTestContext& context) {
    const std::string dot = "//Runs/**/" + id + "/show";
    context.ItemClick(dot.c_str());
    EXPECT_TRUE(workspace().hidden.contains(id));
    context.Yield();
    EXPECT_EQ(workspace().shown.size(), 1u);
    context.ItemClick(dot.c_str());
    EXPECT_FALSE(workspace().hidden.contains(id));
  });
}

TEST_F(PanelsTest, TheFilterLeavesOutWhatDoesNotMatch) {
  driver_->run([&](ImGuiTestContext& context) {
    EXPECT_TRUE(context.ItemExists("//Runs/**/two-instance"));
    context.ItemInputValue("//Runs/##filter", "norm=batch");
    context.Yield(2);
    EXPECT_TRUE(context.ItemExists("//Runs/**/one-batch"));
    EXPECT_FALSE(context.ItemExists("//Runs/**/two-instance"));
    context.ItemInputValue("//Runs/##filter", "");
  });
}

TEST_F(PanelsTest, AChipMakesAVariantAndTheButtonCountsThem) {
  driver_->run([&](ImGuiTestContext& context) {
    context.SetRef("New experiment");
    const auto label = [&] { return std::string(context.ItemInfo("###launch").DebugLabel); };
    EXPECT_EQ(label(), "Launch 1 run###launch");
    context.ItemClick("**/model.norm/instance");
    context.ItemClick("**/model.residual/plain");
    context.Yield();
    EXPECT_EQ(label(), "Launch 4 runs###launch");
    context.ItemClick("**/one at a time");
    context.Yield();
    EXPECT_EQ(label(), "Launch 3 runs###launch");
  });
}

TEST_F(PanelsTest, WhatCannotBeMadeIsSaidAndNotLaunched) {
  driver_->run([&](ImGuiTestContext& context) {
    context.SetRef("New experiment");
    context.ItemInputValue("**/channels##model.channels", "none at all");
    context.Yield();
    EXPECT_TRUE(context.ItemInfo("###launch").ItemFlags & ImGuiItemFlags_Disabled);
    context.ItemInputValue("**/channels##model.channels", "8");
    context.Yield();
    EXPECT_FALSE(context.ItemInfo("###launch").ItemFlags & ImGuiItemFlags_Disabled);
  });
}

TEST_F(PanelsTest, AFindingOpensItsLayer) {
  driver_->run([&](ImGuiTestContext& context) {
    context.ItemClick("//Findings/**/Show the layer");
    context.Yield();
    EXPECT_EQ(workspace().layer, "down1.1");
    context.ItemClick("//Layers/All layers");
    EXPECT_EQ(workspace().layer, "");
  });
}

TEST_F(PanelsTest, OfPanelsThatShareAPlaceTheFirstIsInFront) {
  driver_->run([&](ImGuiTestContext& context) {
    EXPECT_TRUE(context.ItemExists("//Masks/step"));
    EXPECT_FALSE(context.ItemExists("//Scores/set"));
    EXPECT_TRUE(context.ItemExists("//New experiment/###launch"));
  });
}

TEST_F(PanelsTest, ScoresAreOfASetAndOfAnyStratumOfIt) {
  driver_->run([&](ImGuiTestContext& context) {
    context.WindowFocus("//Scores");
    context.Yield(2);
    context.SetRef("Scores");
    context.ComboClick("set/held-out");
    for (const char* stratum : {"scene wall", "all"}) context.ComboClick((std::string("samples/") + stratum).c_str());
  });
}

TEST_F(PanelsTest, PressingALayerOpensItsChannels) {
  driver_->run([&](ImGuiTestContext& context) {
    const ImRect panel = context.WindowInfo("//Layers").RectFull;
    context.MouseMoveToPos(ImVec2(panel.Min.x + 0.5f * panel.GetWidth(), panel.Min.y + ImGui::GetFontSize() * 8));
    context.MouseClick();
    context.Yield(2);
    EXPECT_EQ(workspace().layer, "down1.1");
    EXPECT_TRUE(context.ItemExists("//Layers/All layers"));
  });
}

TEST_F(PanelsTest, EveryViewOfTheLayersIsDrawn) {
  for (const LayerQuantity& quantity : layer_quantities()) {
    driver_->run([&](ImGuiTestContext& context) {
      context.SetRef("Layers");
      context.ComboClick((std::string("##view/") + quantity.name).c_str());
    });
    driver_->save_picture(std::string("layers-") + quantity.suffix);
    // Where nothing is logged of it there is a sentence, and no scale, whose upper end is yellow.
    EXPECT_EQ(driver_->pixels_like("Layers", {0.99f, 0.91f, 0.14f}) > 5,
              !layers_with(*driver_->run_named("one-batch")->data, quantity).empty())
        << quantity.name;
  }
}

TEST_F(PanelsTest, PressingABlamedLayerOpensItsChannels) {
  driver_->run([&](ImGuiTestContext& context) {
    context.SetRef("Layers");
    context.ComboClick("##view/blame");
    context.Yield(2);
    context.ItemClick("//Layers/**/up1.1/##layer");
    context.Yield(2);
    EXPECT_EQ(workspace().layer, "up1.1");
    EXPECT_TRUE(context.ItemExists("//Layers/##statistic"));
  });
}

TEST_F(PanelsTest, PressingAConvolutionOpensItsHistogramsAndTwoRunsStandSideBySide) {
  driver_->run([&](ImGuiTestContext& context) {
    context.SetRef("Layers");
    context.ComboClick("##view/gradient norm");
    context.ComboClick(("beside/two-instance##" + driver_->run_named("two-instance")->info.id).c_str());
  });
  driver_->save_picture("layers-beside");
  driver_->run([&](ImGuiTestContext& context) {
    const ImRect panel = context.WindowInfo("//Layers").RectFull;
    context.MouseMoveToPos(ImVec2(panel.Min.x + 0.35f * panel.GetWidth(), panel.Min.y + ImGui::GetFontSize() * 8));
    context.MouseClick();
    context.Yield(2);
    EXPECT_EQ(workspace().layer, "down1.conv1");
    context.SetRef("Layers");
    context.ComboClick("##histogram/gradient of weight");
  });
  driver_->save_picture("layers-weights-beside");
  // Both runs' colours are in it.
  for (const char* run : {"one-batch", "two-instance"})
    EXPECT_GT(driver_->pixels_like("Layers", driver_->run_named(run)->color), 50) << run;
}

TEST_F(PanelsTest, TheMasksShowThePredictionsOfTheStepThatTheSliderIsDraggedTo) {
  const auto is_seen = [&](int step) {
    const float value = static_cast<float>(predicted_at(step)) / 255;
    return driver_->pixels_like("Masks", {value, value, value}) > 2000;  // Edges of letters have any grey.
  };
  const auto drag_to = [&](float share) {
    driver_->run([&](ImGuiTestContext& context) {
      const ImRect slider = context.ItemInfo("//Masks/step").RectFull;
      context.MouseMove("//Masks/step");
      context.MouseDown();
      context.MouseMoveToPos(ImVec2(slider.Min.x + share * slider.GetWidth(), slider.GetCenter().y));
      context.MouseUp();
      driver_->wait_until(
          context, [&] { return driver_->contents().settled(); }, 20, "its pictures are decoded");
    });
    driver_->draw_frames(2);
  };
  EXPECT_TRUE(is_seen(100));
  EXPECT_FALSE(is_seen(40));
  drag_to(0.4f);
  EXPECT_TRUE(is_seen(40));
  EXPECT_FALSE(is_seen(100));
  drag_to(1);
  EXPECT_TRUE(is_seen(100));
}

TEST_F(PanelsTest, EveryViewOfTheMasksIsDrawn) {
  driver_->run([&](ImGuiTestContext& context) {
    context.SetRef("Masks");
    for (const char* view : {"threshold", "overlay", "errors", "mask"}) {
      context.ComboClick((std::string("view/") + view).c_str());
      driver_->wait_until(
          context, [&] { return driver_->contents().settled(); }, 10, view);
    }
    context.ItemClick("worst first");
    driver_->wait_until(
        context, [&] { return driver_->contents().settled(); }, 10, "worst first");
  });
}

TEST_F(PanelsTest, CurvesAreDrawnOnEveryKindOfAxis) {
  driver_->run([&](ImGuiTestContext& context) {
    context.SetRef("Curves");
    for (const char* axis : {"time", "wall time", "order", "epoch", "images", "step"}) {
      context.ComboClick((std::string("x/") + axis).c_str());
      for (const char* scale : {"linear", "symlog", "log"}) context.ComboClick((std::string("y/") + scale).c_str());
      for (const char* box : {"log x", "outliers"}) context.ItemClick(box);
      context.Yield(2);
    }
    EXPECT_TRUE(context.ItemExists("log x"));
  });
}

TEST_F(PanelsTest, LinesAreDrawnLessThoseOfABaseline) {
  driver_->run([&](ImGuiTestContext& context) {
    context.SetRef("Curves");
    const std::string id = driver_->run_named("one-batch")->info.id;
    context.ComboClick(("baseline/one-batch##" + id).c_str());
    context.Yield(3);
  });
  driver_->save_picture("baseline");
}

TEST_F(PanelsTest, WhatIsInSightIsKeptAsAPicture) {
  driver_->run([&](ImGuiTestContext& context) {
    context.SetRef("Curves");
    for (const char* kind : {"Gaussian", "median"}) {
      context.ComboClick((std::string("##smoothing kind/") + kind).c_str());
      context.ItemClick("Save");
      context.ItemInputValue("//$FOCUSED/##file", kind);
      context.ItemClick("//$FOCUSED/PNG");
      driver_->wait_until(
          context, [&] { return fs::exists(root() / (std::string(kind) + ".png")); }, 20, "the file is there");
    }
  });
  const auto picture = read_picture(root() / "median.png", 3);
  const ImGuiWindow* const panel = ImGui::FindWindowByName("Curves");
  EXPECT_EQ(picture.width, static_cast<int>(panel->Size.x));
  EXPECT_EQ(picture.height, static_cast<int>(panel->Size.y));
}

TEST_F(PanelsTest, WhatARestartDroppedIsDrawnAndSavedWhereItIsAskedFor) {
  const RunView* run = driver_->run_named("one-batch");
  RunWriter restarted(run->info.folder, 60);
  restarted.scalar("loss/train", 60, 0.25);
  restarted.flush();
  const auto copied = [&] {
    std::string text;
    driver_->run([&](ImGuiTestContext& context) {  // Which has a clipboard of its own.
      context.ItemClick("//Curves/Save");
      context.ItemClick("//$FOCUSED/Copy as CSV");
      if (const char* const clipboard = ImGui::GetClipboardText()) text = clipboard;
    });
    EXPECT_NE(text.find("loss/train,one-batch,eval,60,"), std::string::npos) << text.substr(0, 300);
    return text;
  };
  driver_->run([&](ImGuiTestContext& context) {
    driver_->wait_until(
        context, [&] { return points(driver_->run_named("one-batch"), "loss/train") == 61; }, 10,
        "the restart is read");
    context.Yield(2);
  });
  EXPECT_EQ(copied().find("dropped"), std::string::npos);
  driver_->run([&](ImGuiTestContext& context) { context.ItemClick("//Curves/dropped"); });
  EXPECT_NE(copied().find("loss/train,one-batch,dropped,100,"), std::string::npos);
  driver_->save_picture("dropped");
}

TEST_F(PanelsTest, PlotsAreChosenByAnExpression) {
  driver_->run([&](ImGuiTestContext& context) {
    context.ItemClick("//Curves/Plots");
    context.SetRef("//$FOCUSED");
    const auto is_chosen = [&](const char* name) {
      context.Yield(2);
      const ImGuiTestRef popup = context.GetRef();
      context.SetRef(context.WindowInfo("tags").ID);
      const bool chosen = context.ItemIsChecked(name);
      context.SetRef(popup);
      return chosen;
    };
    context.ItemClick("None");
    context.ItemInputValue("##find", "^layers/.*ratio$");
    context.ItemClick("All listed");
    EXPECT_TRUE(is_chosen("layers\\/down1.conv1\\/update_ratio"));
    context.ItemInputValue("##find", "loss");
    EXPECT_FALSE(is_chosen("loss\\/train"));
    context.ItemClick("Usual ones");
    EXPECT_TRUE(is_chosen("loss\\/train"));
    context.PopupCloseAll();
  });
}

TEST_F(PanelsTest, PanelsCloseAndComeBackFromTheViewMenu) {
  driver_->run([&](ImGuiTestContext& context) {
    context.MenuClick("//##MainMenuBar/View/Masks");
    context.Yield(2);
    EXPECT_FALSE(context.ItemExists("//Masks/step"));
    context.MenuClick("//##MainMenuBar/View/Masks");
    context.Yield(2);
    EXPECT_TRUE(context.ItemExists("//Masks/step"));
  });
}

TEST_F(PanelsTest, WhatWasHiddenAndChosenIsRememberedByTheNextWindow) {
  const std::string id = driver_->run_named("one-batch")->info.id;
  WindowOptions options;
  driver_->run([&](ImGuiTestContext& context) {
    context.ItemClick(("//Runs/**/" + id + "/show").c_str());
    context.ItemClick("//New experiment/**/model.norm/group");
  });
  options.root = root();
  options.settings = folder_.path() / "settings";
  driver_.reset();
  driver_ = std::make_unique<Driver>(options);
  driver_->run([&](ImGuiTestContext& context) {
    driver_->wait_until(
        context, [&] { return driver_->contents().settled(); }, 20, "all is read");
    EXPECT_TRUE(workspace().hidden.contains(id));
    EXPECT_STREQ(context.ItemInfo("//New experiment/###launch").DebugLabel, "Launch 2 runs###launch");
  });
}

}  // namespace
}  // namespace ablate
