// What a range test says becomes the learning rate of the new experiment; no workers.
#include <gtest/gtest.h>
#include <imgui_internal.h>
#include <implot.h>

#include "driver.h"
#include "implot_internal.h"
#include "recording_actions.h"

namespace ablate {
namespace {

class LrPanelTest : public testing::Test {
 protected:
  LrPanelTest() {
    WindowOptions options;
    options.root = folder_.path() / "runs";
    options.more_paths = {ABLATE_SOURCE "/tests/experiments/curves/batch.csv"};
    options.width = 1400;
    options.height = 900;
    driver_ = std::make_unique<Driver>(options);
    driver_->contents().workspace().actions = &actions_;
    driver_->run([&](ImGuiTestContext& context) {
      driver_->wait_until(
          context, [&] { return context.ItemExists("//LR finder/**/###use valley"); }, 20, "the curve is drawn");
      context.Yield(3);  // Until its place is settled.
    });
  }

  static void move_to(ImGuiTestContext& context, double lr) {
    ImGuiWindow* const window = context.GetWindowByRef("//LR finder");
    const ImPlotPlot& plot = *ImPlot::GetCurrentContext()->Plots.GetByKey(window->GetID("##losses"));
    const auto x = static_cast<float>(plot.Axes[ImAxis_X1].PlotToPixels(lr));
    context.MouseMoveToPos(ImVec2(x, plot.PlotRect.GetCenter().y));
  }
  /// Of what would be launched now.
  double learning_rate(ImGuiTestContext& context) {
    context.SleepNoSkip(1, 0.1f);  // Of the window's clock: a second click might have followed.
    context.ItemClick("//New experiment/###launch");
    return actions_.experiment->expand().at(0).config.real("optimizer.lr");
  }

  TemporaryFolder folder_{"lr-panel"};
  RecordingActions actions_;
  std::unique_ptr<Driver> driver_;
};

TEST_F(LrPanelTest, AClickOnTheCurveIsTheLearningRateOfTheNewExperiment) {
  driver_->run([&](ImGuiTestContext& context) {
    EXPECT_DOUBLE_EQ(learning_rate(context), 1e-3);
    for (const double lr : {0.02, 3e-5}) {
      move_to(context, lr);
      context.MouseClick();
      EXPECT_NEAR(learning_rate(context) / lr, 1, 0.06) << "a pixel or two beside it";
    }
  });
}

TEST_F(LrPanelTest, ADragOrADoubleClickOnTheCurveChoosesNothing) {
  driver_->run([&](ImGuiTestContext& context) {
    move_to(context, 0.02);
    context.MouseDoubleClick();
    EXPECT_DOUBLE_EQ(learning_rate(context), 1e-3);
    move_to(context, 0.02);
    context.MouseDown();
    move_to(context, 0.2);
    context.MouseUp();
    EXPECT_DOUBLE_EQ(learning_rate(context), 1e-3);
  });
}

}  // namespace
}  // namespace ablate
