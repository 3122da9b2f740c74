// A folder of logs that other programs wrote: the best run, its configuration and its worst spike are found, and all
// that was logged beside scalars is seen.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "driver.h"
#include "experiments/data/dataset.h"
#include "runs/run_writer.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

constexpr int kRuns = 200, kBest = 137, kSpiked = 42;

Picture plain(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  Picture picture{8, 8, 3, {}};
  for (int i = 0; i < 64; ++i) picture.pixels.insert(picture.pixels.end(), {red, green, blue});
  return picture;
}

std::string id_of(int run) { return "run" + std::to_string(run); }

class ForeignTest : public testing::Test {
 protected:
  ForeignTest() {
    ::setenv("XDG_DATA_HOME", (folder_.path() / "data").c_str(), 1);  // What is said of others' runs.
    for (int run = 0; run < kRuns; ++run) {
      const fs::path folder = folder_.path() / "logs" / id_of(run);
      fs::create_directories(folder);
      RunWriter writer(folder, 0);
      writer.hparams({{"lr", run == kBest ? 0.0025 : 0.1 + run}, {"seed", run % 3}, {"net", run % 2 ? "unet" : "fpn"}},
                     {"val/loss"});
      for (int step = 0; step < 60; ++step)
        writer.scalar("val/loss", step, std::exp(-step / 30.0) + (run == kBest ? 0.1 : 0.2 + 0.001 * run));
      writer.scalar("train/loss", 30, run == kSpiked ? 400 : 1);
      if (run < 2) {
        writer.image("samples", 10, 8, 8, 3, encode_png(plain(250, 20, 30)));
        writer.image("samples", 20, 8, 8, 3, encode_png(plain(20, 240, 40)));
        writer.histogram("decoder/weight", 10, histogram_of(std::vector<float>{-1, 0, 0.5f, 2}));
        writer.histogram("decoder/weight", 20, histogram_of(std::vector<float>{-2, 0, 0.1f, 1}));
        writer.text("notes", 0, "a foreign note");
      }
      writer.flush();
    }
    WindowOptions options;
    options.root = folder_.path() / "logs";
    options.settings = folder_.path() / "settings";
    options.width = 1400;
    options.height = 900;
    driver_ = std::make_unique<Driver>(options);
    driver_->run([&](ImGuiTestContext& context) {
      driver_->wait_until(
          context, [&] { return driver_->contents().settled() && driver_->snapshot().runs.size() == kRuns; }, 60,
          "the newest are read");
    });
  }
  ~ForeignTest() override { ::unsetenv("XDG_DATA_HOME"); }
  Workspace& workspace() { return driver_->contents().workspace(); }
  static bool is_listed(ImGuiTestContext& context, int run) {
    return context.ItemExists(("//Table/**/" + id_of(run) + "/" + id_of(run)).c_str());
  }
  /// All runs are read then, hidden ones too.
  void open_table(ImGuiTestContext& context) {
    context.WindowFocus("//Table");
    driver_->wait_until(
        context,
        [&] {
          return std::ranges::all_of(driver_->snapshot().runs, [](const auto& run) { return run->data != nullptr; });
        },
        30, "all runs are read");
    context.Yield(2);
  }
  void show_only_first(ImGuiTestContext& context, int count) {
    for (int run = 0; run < kRuns; ++run) {
      if (run < count)
        workspace().hidden.erase(id_of(run));
      else
        workspace().hidden.insert(id_of(run));
    }
    driver_->wait_until(
        context, [&] { return driver_->contents().settled() && std::ssize(workspace().shown) == count; }, 20, "fewer");
  }

  TemporaryFolder folder_{"foreign"};
  std::unique_ptr<Driver> driver_;
};

TEST_F(ForeignTest, TheBestOfTwoHundredRunsAndTheWorstSpikeAreAClickAway) {
  driver_->run([&](ImGuiTestContext& context) {
    open_table(context);
    EXPECT_FALSE(is_listed(context, kBest)) << "far down";
    context.ItemClick("//Table/**/val\\/loss: lowest");
    context.Yield(3);
    ASSERT_TRUE(is_listed(context, kBest));
    context.ItemClick(("//Table/**/" + id_of(kBest) + "/" + id_of(kBest)).c_str());
    EXPECT_EQ(workspace().selected, id_of(kBest));
  });
  driver_->save_picture("table");
}

TEST_F(ForeignTest, WhatIsTypedLeavesOutRunsOfTheTable) {
  driver_->run([&](ImGuiTestContext& context) {
    open_table(context);
    context.ItemInputValue("//Table/##filter", "lr=0.0025");
    context.Yield(3);
    EXPECT_TRUE(is_listed(context, kBest));
    EXPECT_FALSE(is_listed(context, 0));
  });
}

TEST_F(ForeignTest, HowLongEachRunNeededIsAColumn) {
  driver_->run([&](ImGuiTestContext& context) {
    open_table(context);
    context.ItemInput("//Table/##until");
    context.KeyCharsReplaceEnter("val/loss <= 0.4");
    context.Yield(3);
    context.ItemClick("//Table/**/steps until val\\/loss <= 0.4");
    context.Yield(3);
    EXPECT_TRUE(is_listed(context, kBest)) << "the fewest first";
  });
  driver_->save_picture("until");
}

TEST_F(ForeignTest, RunsOfOneKindAreARowThatOpens) {
  driver_->run([&](ImGuiTestContext& context) {
    open_table(context);
    context.SetRef("Table");
    context.ComboClick("group/net");
    context.Yield(3);
    EXPECT_FALSE(is_listed(context, 0));
    context.ItemClick("//Table/**/net = fpn/net = fpn (100)");
    context.Yield(3);
    EXPECT_TRUE(is_listed(context, 0));
    EXPECT_FALSE(is_listed(context, 1)) << "a unet's";
  });
  driver_->save_picture("groups");
}

TEST_F(ForeignTest, ARunIsPinnedAndItsFolderStaysAsItWas) {
  const auto files = [&] {
    return std::distance(fs::directory_iterator(folder_.path() / "logs" / id_of(kBest)), fs::directory_iterator());
  };
  const auto before = files();
  driver_->run([&](ImGuiTestContext& context) {
    open_table(context);
    EXPECT_FALSE(is_listed(context, kBest));
    context.ItemInputValue("//Table/##filter", id_of(kBest).c_str());
    context.Yield(3);
    context.ItemClick(("//Table/**/" + id_of(kBest) + "/" + id_of(kBest)).c_str(), ImGuiMouseButton_Right);
    context.ItemClick("//$FOCUSED/Pin");
    driver_->wait_until(
        context, [&] { return driver_->run_named(id_of(kBest))->info.meta.pinned; }, 20, "it is pinned");
    context.ItemInputValue("//Table/##filter", "");
    context.Yield(3);
    EXPECT_TRUE(is_listed(context, kBest)) << "before all others";
  });
  EXPECT_EQ(files(), before);
  driver_->save_picture("pinned");
}

TEST_F(ForeignTest, ColumnsAreChosenFromAllThatWasLogged) {
  driver_->run([&](ImGuiTestContext& context) {
    open_table(context);
    context.ItemClick("//Table/Columns");
    context.SetRef("//$FOCUSED");
    context.ItemClick("None");
    context.ItemInputValue("##find", "highest");
    context.ItemClick("All listed");
    context.PopupCloseAll();
    context.Yield(3);
    context.ItemClick("//Table/**/train\\/loss: highest");
    context.Yield(3);
    EXPECT_TRUE(is_listed(context, kSpiked)) << "the largest first";
  });
}

TEST_F(ForeignTest, ImagesHistogramsAndTextsOfTheLogAreShown) {
  driver_->run([&](ImGuiTestContext& context) {
    show_only_first(context, 2);
    context.WindowFocus("//Logged");
    driver_->wait_until(
        context, [&] { return driver_->contents().settled(); }, 20, "pictures are decoded");
  });
  driver_->draw_frames(2);
  EXPECT_GT(driver_->pixels_like("Logged", {20 / 255.0f, 240 / 255.0f, 40 / 255.0f}), 500) << "the newest image";
  driver_->save_picture("logged-images");
  for (const char* view : {"histograms", "texts", "images"}) {
    driver_->run([&](ImGuiTestContext& context) {
      context.SetRef("Logged");
      context.ItemClick((std::string("###") + view).c_str());
      if (view == std::string("histograms")) context.ComboClick("##as/colours");
      context.Yield(2);
    });
    driver_->save_picture(std::string("logged-") + view);
  }
}

TEST_F(ForeignTest, RunsOfOneKindBecomeALineWithABand) {
  driver_->run([&](ImGuiTestContext& context) {
    show_only_first(context, 30);
    context.SetRef("Curves");
    context.ComboClick("group/net");
    for (const char* band : {"std", "95 % CI", "min–max"}) {
      context.ComboClick((std::string("band/") + band).c_str());
      context.Yield(2);
    }
  });
  driver_->save_picture("bands");
  driver_->run([&](ImGuiTestContext& context) {
    context.SetRef("Curves");
    context.ComboClick("group/none");
    EXPECT_FALSE(context.ItemExists("band"));
  });
}

}  // namespace
}  // namespace ablate
