// What a window has to stand.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>

#include "driver.h"
#include "held_file.h"
#include "runs/error.h"
#include "runs/run_writer.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

WindowOptions options_for(const fs::path& root) {
  WindowOptions options;
  options.root = root;
  options.width = 1280;
  options.height = 720;
  return options;
}

fs::path make_run(const fs::path& root, const std::string& name) {
  const fs::path folder =
      create_run(root, name, {{"config", RunConfig().to_json()}, {"experiment", "e"}, {"variant", name}});
  RunStatus status;
  status.state = RunState::completed;
  write_status(folder, status);
  return folder;
}

TEST(Robustness, AThousandRunsOnDiskAreListedAndTheNewestFewAreDrawn) {
  const TemporaryFolder folder("thousand");
  const std::string run_json =
      nlohmann::json{{"format", 1}, {"config", RunConfig().to_json()}, {"experiment", "e"}, {"variant", "v"}}.dump();
  for (int i = 0; i < 1000; ++i) {  // Written straight: create_run syncs each, which takes longer than all the rest.
    const fs::path run = folder.path() / ("run-" + std::to_string(i));
    fs::create_directory(run);
    std::ofstream(run / "run.json") << run_json;
    std::ofstream(run / "status.json") << R"({"format": 1, "status": "completed", "metrics": {"iou/val": 0.5}})";
  }
  Window window(options_for(folder.path()));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!window.contents().settled() && std::chrono::steady_clock::now() < deadline) {
    window.wait(0.05);
    window.frame();
  }
  EXPECT_EQ(window.contents().workspace().snapshot->runs.size(), 1000u);
  EXPECT_LE(window.contents().workspace().shown.size(), 12u);  // A thousand lines are no picture.
}

TEST(Robustness, OfManyRunsTheListShowsTheSelectedOne) {
  const TemporaryFolder folder("list");
  for (int i = 100; i < 200; ++i) make_run(folder.path(), "run-" + std::to_string(i));
  Driver driver(options_for(folder.path()));
  driver.run([&](ImGuiTestContext& context) {
    driver.wait_until(
        context, [&] { return driver.contents().settled(); }, 20, "the list");
    context.Yield(2);
    const RunView* const selected = driver.contents().workspace().selected_run();
    ASSERT_NE(selected, nullptr);
    EXPECT_GT(selected->info.name, "run-150");
    EXPECT_TRUE(context.ItemExists(("//Runs/**/" + selected->info.name).c_str()));
    EXPECT_FALSE(context.ItemExists("//Runs/**/run-100"));
  });
}

TEST(Robustness, ARunThatIsDeletedWhileItIsShownGoesAway) {
  const TemporaryFolder folder("deleted");
  const fs::path doomed = make_run(folder.path(), "doomed");
  RunWriter(doomed, 0).scalar("loss/train", 0, 1);
  make_run(folder.path(), "stays");
  Driver driver(options_for(folder.path()));
  driver.run([&](ImGuiTestContext& context) {
    driver.wait_until(
        context, [&] { return driver.contents().settled() && driver.snapshot().runs.size() == 2; }, 20, "all is read");
    context.ItemClick("//Runs/**/doomed");
    fs::remove_all(doomed);
    driver.wait_until(
        context, [&] { return driver.snapshot().runs.size() == 1; }, 20, "it is gone");
    EXPECT_NE(driver.contents().workspace().error.value_or("").find("doomed is no longer in"), std::string::npos);
    context.ItemClick("//What went wrong/Dismiss");
    EXPECT_EQ(driver.contents().workspace().selected_run()->info.name, "stays");
    fs::remove_all(folder.path());
    driver.wait_until(
        context, [&] { return driver.snapshot().runs.empty(); }, 20, "the root is gone");
    context.Yield(3);
  });
}

TEST(Robustness, WhileADiskGivesNoAnswerTheWindowDoesAndThenTheCurveGoesOn) {
  const TemporaryFolder folder("held");
  const fs::path run = make_run(folder.path(), "far-away");
  RunWriter writer(run, 0);
  writer.scalar("loss/train", 0, 1);
  writer.flush();
  fs::path log;
  for (const auto& entry : fs::directory_iterator(run))
    if (entry.path().filename().string().find("tfevents") != std::string::npos) log = entry.path();
  Driver driver(options_for(folder.path()));
  driver.run([&](ImGuiTestContext& context) {
    const auto points_read = [&] { return points(driver.run_named("far-away"), "loss/train"); };
    driver.wait_until(
        context, [&] { return points_read() == 1; }, 20, "the first point");
    {
      const HeldFile held(log);
      writer.scalar("loss/train", 1, 2);
      writer.flush();
      driver.wait_until(
          context, [&] { return held.is_waited_for(); }, 20, "the window's thread that reads waits for the disk");
      const std::string id = driver.run_named("far-away")->info.id, dot = "//Runs/**/" + id + "/show";
      context.ItemClick(dot.c_str());
      EXPECT_TRUE(driver.contents().workspace().hidden.contains(id));
      context.ItemClick(dot.c_str());
      EXPECT_FALSE(driver.contents().workspace().hidden.contains(id));
      EXPECT_TRUE(held.is_waited_for());
      EXPECT_EQ(points_read(), 1u);
    }
    driver.wait_until(
        context, [&] { return points_read() == 2; }, 20, "the second point");
  });
}

TEST(Robustness, DamagedFilesAreShownForWhatTheyAre) {
  const TemporaryFolder folder("damaged");
  const fs::path run = make_run(folder.path(), "damaged");
  std::ofstream(run / "status.json") << "{\"status\": ";
  std::ofstream(run / "findings.json") << "[1, 2";
  std::ofstream(run / "events.out.tfevents.1.x") << "this is no event file at all, not even nearly one";
  Driver driver(options_for(folder.path()));
  driver.run([&](ImGuiTestContext& context) {
    driver.wait_until(
        context, [&] { return driver.contents().settled() && driver.snapshot().runs.size() == 1; }, 20, "all is read");
    EXPECT_EQ(driver.snapshot().runs[0]->info.status.state, RunState::failed);
    context.WindowFocus("//Console");
    context.Yield(3);
  });
}

TEST(Robustness, ALaunchThatFailsSaysWhyUntilItIsDismissed) {
  const TemporaryFolder folder("unwritable");
  std::ofstream(folder.path() / "a-file") << "not a folder";
  Driver driver(options_for(folder.path() / "a-file" / "runs"));
  driver.run([&](ImGuiTestContext& context) {
    context.ItemClick("//New experiment/###launch");
    driver.wait_until(
        context, [&] { return driver.contents().workspace().error.has_value(); }, 20, "the reason is shown");
    context.Yield(2);
    context.ItemClick("//What went wrong/Dismiss");
    EXPECT_FALSE(driver.contents().workspace().error.has_value());
  });
}

TEST(Robustness, WithoutADisplayTheErrorSaysWhatToDo) {
  const std::string display = std::getenv("DISPLAY") ? std::getenv("DISPLAY") : "";
  ::unsetenv("DISPLAY");
  EXPECT_FALSE(has_display());
  try {
    Window window(options_for("/tmp"));
    ADD_FAILURE() << "a window without a display";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("ablate screenshot"), std::string::npos) << error.what();
  }
  ::setenv("DISPLAY", display.c_str(), 1);
}

}  // namespace
}  // namespace ablate
