// The whole way to good hyperparameters, on real photographs and with nothing but real processes: range tests of four
// variants, then a sweep whose controller and queue keeper are killed half-way, and its best run.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <thread>

#include "driver.h"
#include "sweeps/journal.h"
#include "sweeps/queue_files.h"
#include "sweeps/sweep_folder.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 4> kNorms{"batch", "instance", "group", "none"};
constexpr int kTrials = 32;

class PhotographsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (fs::is_directory(photographs_)) return;
    const char* const ci = std::getenv("CI");
    if (ci && std::string(ci) == "true") FAIL() << photographs_ << " is not there";
    GTEST_SKIP() << photographs_ << " is not there";
  }
  /// Nothing goes on behind a test that has failed.
  void TearDown() override {
    if (!fs::exists(sweep())) return;
    stop_sweep(sweep());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (sweep_state(sweep()).now == SweepState::Now::running && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  WindowOptions options() const {
    WindowOptions options;
    options.root = root();
    return options;
  }
  void build(ImGuiTestContext& context);
  void test_rates(Driver& driver, ImGuiTestContext& context);
  void begin_sweep(Driver& driver, ImGuiTestContext& context);
  void kill_half_way(Driver& driver, ImGuiTestContext& context);
  void go_on_to_the_end(Driver& driver, ImGuiTestContext& context);
  void open_the_best(Driver& driver, ImGuiTestContext& context, const Study& study);
  void check(const Study& study);

  fs::path root() const { return folder_.path() / "runs"; }
  fs::path sweep() const { return root() / "sweeps" / kSweep; }

  static constexpr const char* kSweep = "lr-norm";
  const fs::path photographs_ = fs::path(ABLATE_SOURCE).parent_path() / "shared/data/portraits";
  TemporaryFolder folder_{"photographs"};
};

void PhotographsTest::build(ImGuiTestContext& context) {
  context.SetRef(context.WindowInfo("//New experiment/choices").ID);
  context.ComboClick("data##data.dataset/a folder of photographs");
  context.ItemInputValue("folder##data.path", photographs_.c_str());
  context.ItemInputValue("channels##model.channels", "4");
  context.ItemInputValue("steps##train.steps", "60");
  set_added_option(context, "data.size", "48x48");
  set_added_option(context, "model.norm_groups", "2");
  set_added_option(context, "validation.every", "5");
  for (const char* norm : kNorms)
    if (norm != kNorms[0]) context.ItemClick(("model.norm/" + std::string(norm)).c_str());
  context.ItemInputValue("seeds", 2);
}

void PhotographsTest::test_rates(Driver& driver, ImGuiTestContext& context) {
  context.ItemClick("find LR");
  context.ItemClick("//$FOCUSED/as fastai");
  const auto suggests = [&](const char* norm, const char* seed) {
    const RunView* const run = driver.run_named(norm + std::string(seed));
    return is(run, RunState::completed) && run->info.status.range_test["suggestions"]["valley"].is_number();
  };
  driver.wait_until(
      context,
      [&] {
        return std::ranges::all_of(kNorms, [&](const char* n) { return suggests(n, "-s0") && suggests(n, "-s1"); });
      },
      180, "all variants are tested");
  driver.wait_until(
      context, [&] { return context.ItemExists("//LR finder/**/###use valley"); }, 10, "what they suggest is shown");
  for (const char* norm : kNorms)
    EXPECT_TRUE(context.ItemExists(("//LR finder/**/" + std::string(norm) + " (2 seeds)").c_str())) << norm;
  EXPECT_FALSE(driver.contents().workspace().error.has_value()) << *driver.contents().workspace().error;
}

void PhotographsTest::begin_sweep(Driver& driver, ImGuiTestContext& context) {
  context.ItemClick("//LR finder/**/###use valley");  // Around which it will be searched.
  context.SetRef(context.WindowInfo("//New experiment/choices").ID);
  context.ItemClick("search");
  context.ItemClick("search a range of …");
  context.ItemClick("//$FOCUSED/optimizer.lr");
  context.ItemInputValue("trials", std::to_string(kTrials).c_str());
  context.ItemInputValue("at once", 2);
  context.ItemClick("//New experiment/###start");
  driver.wait_until(
      context, [&] { return driver.contents().workspace().sweep == kSweep; }, 20, "it is the sweep that is shown");
  EXPECT_FALSE(driver.contents().workspace().error.has_value()) << *driver.contents().workspace().error;
}

void PhotographsTest::kill_half_way(Driver& driver, ImGuiTestContext& context) {
  const auto begun = [&] {
    const auto& study = driver.snapshot().sweeps.at(0)->study;
    return study && std::ssize(study->trials) >= kTrials / 2;
  };
  driver.wait_until(context, begun, 240, "half of the trials have begun");
  int keeper = 0;
  std::ifstream(QueueFiles(root()).keeper) >> keeper;
  ASSERT_GT(keeper, 1);
  const int controller = sweep_state(sweep()).process;
  ASSERT_GT(controller, 1);
  EXPECT_EQ(::kill(controller, SIGKILL), 0);
  EXPECT_EQ(::kill(keeper, SIGKILL), 0);
  context.SetRef("Sweep");
  driver.wait_until(
      context, [&] { return context.ItemExists("Resume"); }, 20, "the panel shows that nobody leads");
  EXPECT_FALSE(context.ItemExists("Stop"));
  EXPECT_LT(std::ssize(driver.snapshot().sweeps.at(0)->study->trials), kTrials);
}

void PhotographsTest::go_on_to_the_end(Driver& driver, ImGuiTestContext& context) {
  context.ItemClick("//Sweep/Resume");
  const auto over = [&] { return driver.snapshot().sweeps.at(0)->state.now == SweepState::Now::finished; };
  driver.wait_until(context, over, 400, "the sweep comes to its end");
  EXPECT_FALSE(driver.contents().workspace().error.has_value()) << *driver.contents().workspace().error;
  EXPECT_FALSE(context.ItemExists("//Sweep/Resume"));
}

/// Each of its trials is one run, and both say the same.
void PhotographsTest::check(const Study& study) {
  EXPECT_EQ(std::ssize(study.trials), kTrials);
  std::set<std::string> runs;
  std::map<TrialState, int> count;
  for (const Trial& trial : study.trials) {
    ++count[trial.state];
    EXPECT_TRUE(runs.insert(trial.run()).second) << trial.run() << " twice";
    const RunState state = read_resolved_status(root() / trial.run()).state;
    EXPECT_EQ(state, trial.state == TrialState::complete ? RunState::completed : RunState::pruned)
        << "trial " << trial.number << " is " << name_of(trial.state) << ", its run " << name_of(state);
  }
  EXPECT_GT(count[TrialState::complete], 0);
  EXPECT_GT(count[TrialState::pruned], 0);
  EXPECT_EQ(count[TrialState::complete] + count[TrialState::pruned], kTrials) << "none runs, none failed";
  EXPECT_EQ(std::ranges::count(list_runs(root()), kSweep, &RunInfo::experiment), kTrials) << "and no run beside";
}

void PhotographsTest::open_the_best(Driver& driver, ImGuiTestContext& context, const Study& study) {
  const int best = study.best().at(0);
  const std::string run = study.trials[static_cast<std::size_t>(best)].run();
  context.ItemClick("//Runs/none");
  context.TableClickHeader("//Sweep/trials/trials", "iou/val");
  context.Yield(2);
  context.ItemClick(("//Sweep/**/" + std::to_string(best)).c_str());
  const Workspace& workspace = driver.contents().workspace();
  EXPECT_EQ(workspace.selected, run);
  driver.wait_until(
      context,
      [&] {
        const RunView* const its = workspace.selected_run();
        return points(its, "loss/train") >= 60 && has_masks(its) && driver.contents().settled();
      },
      20, "all of its run is read");
  ASSERT_EQ(workspace.shown.size(), 1u);
  EXPECT_EQ(workspace.shown[0]->info.id, run);
  EXPECT_TRUE(context.ItemExists(("//Runs/**/" + workspace.shown[0]->info.name).c_str())) << "scrolled to";
}

TEST_F(PhotographsTest, RatesAreFoundAndASweepSurvivesItsKillersAndItsBestRunIsAClickAway) {
  Driver driver(options());
  driver.run([&](ImGuiTestContext& context) {
    build(context);
    test_rates(driver, context);
  });
  if (HasFailure()) return;
  for (const char* norm : kNorms)
    EXPECT_GT(driver.pixels_like("LR finder", driver.run_named(norm + std::string("-s0"))->color), 20) << norm;
  driver.save_picture("lr-finder");
  driver.run([&](ImGuiTestContext& context) {
    begin_sweep(driver, context);
    if (!HasFailure()) kill_half_way(driver, context);
  });
  driver.save_picture("sweep-killed");
  if (HasFailure()) return;
  driver.run([&](ImGuiTestContext& context) { go_on_to_the_end(driver, context); });
  if (HasFailure()) return;

  const Sweep asked = read_sweep(sweep());
  EXPECT_EQ(asked.sampler.at("name"), "tpe");
  EXPECT_EQ(asked.pruner.at("name"), "asha");
  const Journal journal(journal_file(sweep()));
  const Study& study = study_of(asked, journal);
  check(study);
  driver.run([&](ImGuiTestContext& context) { open_the_best(driver, context, study); });
  driver.save_picture("sweep");
  driver.run([](ImGuiTestContext& context) { context.WindowFocus("//Curves"); });
  driver.draw_frames(3);
  EXPECT_GT(driver.pixels_like("Curves", driver.contents().workspace().shown.at(0)->color), 100);
  EXPECT_GT(driver.pixels_like("Masks", {1, 1, 1}), 200);
  driver.save_picture("best-run");
}

}  // namespace
}  // namespace ablate
