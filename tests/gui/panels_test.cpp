// What panels do with runs that are there already; no workers.
#include <gtest/gtest.h>
#include <imgui_internal.h>

#include <cmath>

#include "driver.h"
#include "experiments/data/dataset.h"
#include "runs/json_file.h"
#include "runs/run_writer.h"
#include "viewers/layers/layer_table.h"
#include "viewers/layers/quantity.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

Picture grey(int value) { return {12, 8, 1, std::vector<std::uint8_t>(96, static_cast<std::uint8_t>(value))}; }

/// Brighter with every step, so that the pixels tell which is seen.
int predicted_at(int step) { return 60 + step; }

/// Of values around 0 with about this spread.
Histogram bell(double spread) {
  std::vector<float> values;
  for (int i = -200; i <= 200; ++i) values.push_back(static_cast<float>(spread * std::tan(i / 200.0)));
  return histogram_of(values);
}

fs::path finished_run(const fs::path& root, const std::string& name, const std::string& norm) {
  RunConfig config;
  config.set("model.norm", norm);
  const fs::path folder = create_run(
      root, name, {{"config", config.to_json()}, {"experiment", "e"}, {"variant", name}, {"task", "segmentation"}});
  RunWriter writer(folder, 0);
  const Picture picture = grey(200);
  for (int step = 0; step <= 100; ++step) {
    writer.scalar("loss/train", step, std::exp(-step / 50.0));
    if (step % 20) continue;
    writer.scalar("iou/val", step, 0.5);
    writer.scalar("iou/val_eval", step, 0.5);
    writer.scalar("iou/val_train_mode", step, 0.8);
    for (const char* layer : {"down1.1", "up1.1"}) {
      const std::vector<float> values = {0.5f, 1.0f};
      const std::vector<std::int64_t> shape = {2};
      if (norm == "batch") {
        writer.scalar(std::string("norm/") + layer + "/gap", step, 0.3);
        for (const char* statistic : {"running_mean", "batch_mean", "running_var", "batch_var"})
          writer.tensor(std::string("norm/") + layer + "/channels/" + statistic, step, shape, values);
      }
    }
    for (const char* layer : {"down1.conv1", "up1.conv1"}) {
      const std::string of_layer = std::string("layers/") + layer + "/";
      writer.scalar(of_layer + "gradient_norm", step, 0.1 * std::exp(-step / 40.0));
      writer.scalar(of_layer + "update_ratio", step, 0.002);
      writer.scalar(of_layer + "input_zeros", step, 0.4);
      for (const char* group : {"weights/", "gradients/"})
        writer.histogram(std::string(group) + layer + ".weight", step, bell(0.2 + step / 200.0));
    }
    for (const char* output : {"input", "target"})
      writer.image(std::string("preview/0/") + output, step, 12, 8, 1, encode_png(picture));
    writer.image("preview/0/prediction", step, 12, 8, 1, encode_png(grey(predicted_at(step))));
  }
  writer.flush();
  fs::create_directories(folder / "evaluations");
  write_json_file(folder / "evaluations/held-out@100.json",
                  {{"samples", 8},
                   {"metrics", {{"iou", 0.5}, {"holes", 1}}},
                   {"strata", {{"scene wall", {{"samples", 3}, {"iou", 0.25}}}}}});
  RunStatus status;
  status.state = RunState::completed;
  status.step = status.total_steps = 100;
  status.metrics = {{"iou/val", 0.5}, {"iou/val_eval", 0.5}, {"iou/val_train_mode", 0.8}};
  status.best_metric = "iou/val";
  status.training_seconds = 3;
  write_status(folder, status);
  return folder;
}

class PanelsTest : public testing::Test {
 protected:
  PanelsTest() {
    const fs::path ill = finished_run(root(), "one-batch", "batch");
    write_findings(ill, {{"shared-norm",
                          "down1.1",
                          0.95,
                          "A norm module is used twice.",
                          {"eval .5"},
                          "model.norm = instance",
                          {{"up1.1", 0.2}, {"down1.1", -0.01}}}});
    finished_run(root(), "two-instance", "instance");
    WindowOptions options;
    options.root = root();
    options.settings = folder_.path() / "settings";
    options.width = 1400;
    options.height = 900;
    driver_ = std::make_unique<Driver>(options);
    driver_->run([&](ImGuiTestContext& context) {
      driver_->wait_until(
          context, [&] { return driver_->contents().settled() && workspace().shown.size() == 2; }, 20, "all is read");
    });
  }
  fs::path root() const { return folder_.path() / "runs"; }
  Workspace& workspace() { return driver_->contents().workspace(); }

  TemporaryFolder folder_{"panels"};
  std::unique_ptr<Driver> driver_;
};

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

TEST_F(PanelsTest, WhatIsSaidOfARunIsKeptWithItAndFindsIt) {
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

TEST_F(PanelsTest, AnArchivedRunIsDrawnNowhereUntilItIsBroughtBack) {
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

TEST_F(PanelsTest, ARemovedRunComesBackByUndo) {
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

TEST_F(PanelsTest, ARunTakesAnotherColour) {
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
