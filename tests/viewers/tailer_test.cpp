#include "workbench/tailer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <fstream>
#include <mutex>

#include "runs/json_file.h"
#include "runs/run_writer.h"
#include "sweeps/launcher.h"
#include "sweeps/queue_files.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

/// A tailer, and a wait for a snapshot that has what a test wants.
class TailerTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) / fmt::format("ablate-tailer-{}", ::getpid());
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override {
    tailer_.reset();
    fs::remove_all(root_);
  }
  void start(std::vector<fs::path> more = {}) {
    tailer_ = std::make_unique<Tailer>(root_, std::move(more), std::filesystem::path(), [this] {
      { const std::lock_guard lock(mutex_); }
      changed_.notify_all();
    });
  }
  template <class Wanted>
  std::shared_ptr<const Snapshot> wait_for(Wanted wanted) {
    std::unique_lock lock(mutex_);
    std::shared_ptr<const Snapshot> snapshot;
    const bool came = changed_.wait_for(lock, std::chrono::seconds(20), [&] {
      snapshot = tailer_->snapshot();
      return wanted(*snapshot);
    });
    EXPECT_TRUE(came) << "no such snapshot within 20 s";
    return snapshot;
  }
  fs::path make_run(const std::string& name, RunState state = RunState::completed) {
    const fs::path folder =
        create_run(root_, name, {{"config", RunConfig().to_json()}, {"variant", name}, {"experiment", "e"}});
    RunStatus status;
    status.state = state;
    write_status(folder, status);
    return folder;
  }

  fs::path root_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<Tailer> tailer_;
};

TEST_F(TailerTest, ForeignRunsAreCalledByWhatTellsThemApart) {
  for (const char* run : {"logs/net/version_0", "logs/net/version_1/val", "logs/other"}) {
    fs::create_directories(root_ / run);
    RunWriter writer(root_ / run, 0);
    writer.scalar("loss", 1, 0.5);
  }
  start();
  const auto snapshot = wait_for([](const Snapshot& s) { return s.runs.size() == 3; });
  std::vector<std::string> names;
  for (const auto& run : snapshot->runs) names.push_back(run->info.name);
  EXPECT_EQ(names, (std::vector<std::string>{"net/version_0", "net/version_1/val", "other"}));
}

TEST_F(TailerTest, RunsOfOneNameAreToldApartByWhenTheyWereMade) {
  for (const char* id :
       {"20261120-101500-a", "20261121-101500-a", "20261121-101507-a", "20261121-101507-a-2", "20261121-101500-b"}) {
    fs::create_directories(root_ / id);
    std::ofstream(root_ / id / "run.json") << fmt::format(R"({{"format": 1, "variant": "{}"}})", std::string(id)[16]);
  }
  start();
  const auto snapshot = wait_for([](const Snapshot& s) { return s.runs.size() == 5; });
  std::vector<std::string> names;
  for (const auto& run : snapshot->runs) names.push_back(run->info.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a  11-20 10:15", "a  11-21 10:15:00", "b", "a  11-21 10:15:07 #1",
                                             "a  11-21 10:15:07 #2"}));
}

TEST_F(TailerTest, ListsRunsWithoutReadingTheirEvents) {
  make_run("one");
  make_run("two");
  start();
  const auto snapshot = wait_for([](const Snapshot& s) { return s.runs.size() == 2; });
  EXPECT_FALSE(snapshot->loading);
  for (const auto& run : snapshot->runs) {
    EXPECT_EQ(run->data, nullptr);
    EXPECT_NE(run->config, nullptr);
  }
}

TEST_F(TailerTest, ARootThatIsNotThereYetIsEmptyUntilARunComes) {
  fs::remove_all(root_);
  start();
  wait_for([](const Snapshot& s) { return !s.loading && s.runs.empty() && s.problem.empty(); });
  make_run("first");
  tailer_->look_now();
  wait_for([](const Snapshot& s) { return s.runs.size() == 1; });
}

TEST_F(TailerTest, FollowsTheEventsOfWhatIsShownWhileTheyAreWritten) {
  const fs::path folder = make_run("live", RunState::queued);
  RunWriter writer(folder, 0);
  writer.scalar("loss/train", 0, 1.5);
  writer.flush();
  start();
  const auto first = wait_for([](const Snapshot& s) { return s.runs.size() == 1; });
  const std::string id = first->runs[0]->info.id;
  tailer_->set_interest({{id}, id});
  const auto points = [](const Snapshot& s) {
    if (s.runs.empty() || !s.runs[0]->data) return std::size_t{0};
    const auto at = s.runs[0]->data->scalars.find("loss/train");
    return at == s.runs[0]->data->scalars.end() ? std::size_t{0} : at->second.size();
  };
  wait_for([&](const Snapshot& s) { return points(s) == 1 && s.complete; });
  writer.scalar("loss/train", 1, 1.25);
  writer.flush();
  wait_for([&](const Snapshot& s) { return points(s) == 2; });
}

TEST_F(TailerTest, TheConsoleAndTheFindingsOfTheSelectedRunAreRead) {
  const fs::path folder = make_run("one");
  std::ofstream(folder / "console.log") << "hello\n";
  write_findings(folder, {{"shared-norm", "down1", 0.9, "A sentence.", {"evidence"}, "norm_sharing = none"}});
  start();
  const auto first = wait_for([](const Snapshot& s) { return s.runs.size() == 1; });
  tailer_->set_interest({{}, first->runs[0]->info.id});
  const auto snapshot = wait_for([](const Snapshot& s) { return s.console && !s.runs[0]->findings.empty(); });
  EXPECT_EQ(snapshot->console->text, "hello\n");
  EXPECT_EQ(snapshot->runs[0]->findings[0].sentence, "A sentence.");
}

TEST_F(TailerTest, ARunWhoseFolderIsDeletedGoesAway) {
  const fs::path folder = make_run("one", RunState::queued);
  make_run("two");
  start();
  const auto first = wait_for([](const Snapshot& s) { return s.runs.size() == 2; });
  tailer_->set_interest({{first->runs[0]->info.id, first->runs[1]->info.id}, first->runs[0]->info.id});
  wait_for([](const Snapshot& s) { return s.complete; });
  fs::remove_all(folder);
  wait_for([](const Snapshot& s) { return s.runs.size() == 1; });
}

TEST_F(TailerTest, RunsThatWaitHaveTheirPlaceInTheQueue) {
  const fs::path usual = make_run("usual", RunState::queued), urgent = make_run("urgent", RunState::queued);
  make_run("elsewhere", RunState::queued);
  const QueueFiles files(root_);
  files.make_folders();
  append(files, {usual}, 0);
  append(files, {urgent}, 1);
  start();
  const auto places = [](const Snapshot& snapshot) {
    std::map<std::string, int> all;
    for (const auto& run : snapshot.runs) all[run->info.name] = run->queue_place;
    return all;
  };
  using Places = std::map<std::string, int>;
  wait_for([&](const Snapshot& s) { return places(s) == Places{{"urgent", 1}, {"usual", 2}, {"elsewhere", 0}}; });
  LocalQueue(root_).set_priority(usual, 2);
  wait_for([&](const Snapshot& s) { return places(s) == Places{{"usual", 1}, {"urgent", 2}, {"elsewhere", 0}}; });
}

TEST_F(TailerTest, OtherLogFoldersAreShownUnderTheirName) {
  make_run("own");
  const fs::path log = root_.parent_path() / "ablate-tailer-log";
  fs::remove_all(log);
  fs::create_directories(log / "b");
  RunWriter(log, 0).scalar("x", 0, 1);
  RunWriter(log / "b", 0).scalar("x", 0, 1);
  start({log});
  const auto snapshot = wait_for([](const Snapshot& s) { return s.runs.size() == 3; });
  EXPECT_NE(std::find_if(snapshot->runs.begin(), snapshot->runs.end(),
                         [](const auto& run) { return run->info.id == "ablate-tailer-log"; }),
            snapshot->runs.end());
  EXPECT_NE(std::find_if(snapshot->runs.begin(), snapshot->runs.end(),
                         [](const auto& run) { return run->info.id == "ablate-tailer-log/b"; }),
            snapshot->runs.end());
  tailer_.reset();
  fs::remove_all(log);
}

TEST_F(TailerTest, ADivergedRunIsNotNewsForever) {
  const fs::path folder = make_run("nan", RunState::diverged);
  RunStatus status;
  status.state = RunState::diverged;
  status.metrics["loss/train"] = std::nan("");
  write_status(folder, status);
  start();
  const auto first = wait_for([](const Snapshot& s) { return s.runs.size() == 1; });
  make_run("other");
  tailer_->look_now();
  const auto second = wait_for([](const Snapshot& s) { return s.runs.size() == 2; });
  EXPECT_EQ(second->runs[0], first->runs[0]);
}

TEST_F(TailerTest, EvaluationsComeWhenTheyAreMade) {
  const fs::path run = make_run("net");
  start();
  tailer_->set_interest({{run.filename().string()}, ""});
  wait_for([](const Snapshot& s) { return s.complete && s.runs.size() == 1; });
  fs::create_directories(run / "evaluations");
  const auto write = [&](const char* name, double iou) {
    write_json_file(run / "evaluations" / name, {{"samples", 3},
                                                 {"metrics", {{"iou", iou}, {"psnr_max1", "Infinity"}}},
                                                 {"strata", {{"scene wall", {{"samples", 2}, {"iou", "NaN"}}}}}});
  };
  write("held-out@100.json", 0.5);
  write("held-out@20.json", 0.1);
  std::ofstream(run / "evaluations" / "photos@100.json") << "{damaged";
  const auto snapshot = wait_for([](const Snapshot& s) {
    return s.runs.size() == 1 && s.runs[0]->evaluations.size() == 1 && s.runs[0]->evaluations[0].step == 100;
  });
  const StoredEvaluation& found = snapshot->runs[0]->evaluations[0];
  EXPECT_EQ(found.set, "held-out");
  EXPECT_EQ(found.all.samples, 3u);
  EXPECT_EQ(found.all.metrics.at("iou"), 0.5);
  EXPECT_TRUE(std::isinf(found.all.metrics.at("psnr_max1")));
  EXPECT_EQ(found.strata.at("scene wall").samples, 2u);
  EXPECT_TRUE(std::isnan(found.strata.at("scene wall").metrics.at("iou")));
}

}  // namespace
}  // namespace ablate
