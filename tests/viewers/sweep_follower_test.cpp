#include "workbench/sweep_follower.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "sweeps/inheritable_lock.h"
#include "sweeps/journal.h"
#include "sweeps/sweep_folder.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

class SweepFollowerTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) / ("ablate-follower-" + std::to_string(::getpid()));
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  fs::path make_sweep(const std::string& name) const {
    return create_sweep(
        root_, Sweep::from_json({{"name", name},
                                 {"space", {{"model.norm", {{"type", "categorical"}, {"choices", {"batch", "none"}}}}}},
                                 {"sampler", {{"name", "random"}}},
                                 {"budget", {{"trials", 4}}}},
                                "here"));
  }
  static void add_trial(const fs::path& journal_path, std::size_t study = 0) {
    Journal journal(journal_path);
    journal.update([&](const JournalReplay& replay) -> std::vector<journal::Record> {
      Trial trial;
      trial.state = TrialState::complete;
      trial.values = {0.5};
      trial.started_seconds = 1;
      trial.ended_seconds = 2;
      return {journal::create_trial(*replay.studies().at(study), trial)};
    });
  }
  const SweepView& only() const { return *follower_.sweeps().at(0); }

  fs::path root_;
  SweepFollower follower_;
};

TEST_F(SweepFollowerTest, SweepsComeGrowAndGo) {
  follower_.add_root(root_, "");
  EXPECT_FALSE(follower_.look());
  const fs::path folder = make_sweep("one");
  EXPECT_TRUE(follower_.look());
  ASSERT_EQ(follower_.sweeps().size(), 1u);
  EXPECT_EQ(only().name, "one");
  EXPECT_EQ(*only().sweep->budget.trials, 4);
  EXPECT_TRUE(only().study->trials.empty());
  EXPECT_FALSE(follower_.look()) << "nothing is new";
  const std::shared_ptr<const Study> before = only().study;
  add_trial(journal_file(folder));
  EXPECT_TRUE(follower_.look());
  EXPECT_EQ(only().study->trials.size(), 1u);
  EXPECT_TRUE(before->trials.empty()) << "what was published does not change";
  fs::remove_all(folder);
  EXPECT_TRUE(follower_.look());
  EXPECT_TRUE(follower_.sweeps().empty());
}

TEST_F(SweepFollowerTest, TheOnlyStudyOfASweepsJournalMayHaveAnotherName) {
  follower_.add_root(root_, "");
  const fs::path folder = make_sweep("one");
  fs::remove(journal_file(folder));
  Journal journal(journal_file(folder));
  journal.update(
      [](const JournalReplay&) { return std::vector{journal::create_study("theirs", {Direction::maximize})}; });
  follower_.look();
  ASSERT_NE(only().study, nullptr);
  EXPECT_EQ(only().study->name, "theirs");
}

TEST_F(SweepFollowerTest, WhoLeadsAndANewBudgetAreNews) {
  follower_.add_root(root_, "");
  const fs::path folder = make_sweep("one");
  follower_.look();
  EXPECT_EQ(only().state.now, SweepState::Now::idle);
  EXPECT_FALSE(follower_.active());
  {
    const auto lock = InheritableLock::try_acquire(folder / "controller.lock");
    EXPECT_TRUE(follower_.look());
    EXPECT_EQ(only().state.now, SweepState::Now::running);
    EXPECT_TRUE(follower_.active());
  }
  EXPECT_TRUE(follower_.look());
  add_trials(folder, 3);
  EXPECT_TRUE(follower_.look());
  EXPECT_EQ(*only().sweep->budget.trials, 7);
}

TEST_F(SweepFollowerTest, ADamagedJournalIsToldAndWhatWasReadStays) {
  follower_.add_root(root_, "");
  const fs::path folder = make_sweep("damaged");
  make_sweep("whole");
  add_trial(journal_file(folder));
  follower_.look();
  std::ofstream(journal_file(folder), std::ios::app) << "{\"op_code\": nonsense\n";
  EXPECT_TRUE(follower_.look());
  ASSERT_EQ(follower_.sweeps().size(), 2u);
  EXPECT_NE(follower_.sweeps()[0]->problem.find("line 3"), std::string::npos) << follower_.sweeps()[0]->problem;
  EXPECT_EQ(follower_.sweeps()[0]->study->trials.size(), 1u);
  EXPECT_EQ(follower_.sweeps()[1]->problem, "");
  EXPECT_FALSE(follower_.look()) << "the same damage is no news";
}

TEST_F(SweepFollowerTest, ADamagedSweepFileIsToldAndItsTrialsAreShown) {
  follower_.add_root(root_, "");
  const fs::path folder = make_sweep("one");
  add_trial(journal_file(folder));
  std::ofstream(folder / "sweep.json") << "{";
  follower_.look();
  EXPECT_NE(only().problem.find("sweep.json"), std::string::npos) << only().problem;
  EXPECT_EQ(only().study->trials.size(), 1u);
}

TEST_F(SweepFollowerTest, ASweepWithoutItsJournalGetsNone) {
  follower_.add_root(root_, "");
  const fs::path folder = make_sweep("one");
  fs::remove(journal_file(folder));
  follower_.look();
  EXPECT_NE(only().problem, "");
  EXPECT_EQ(only().study, nullptr);
  EXPECT_FALSE(fs::exists(journal_file(folder)));
}

TEST_F(SweepFollowerTest, EachStudyOfANamedJournalIsAView) {
  const fs::path file = root_ / "studies.log";
  Journal journal(file);
  journal.update([](const JournalReplay&) {
    return std::vector{journal::create_study("b", {Direction::maximize}),
                       journal::create_study("a", {Direction::minimize, Direction::maximize})};
  });
  add_trial(file);
  EXPECT_TRUE(is_journal_file(file));
  follower_.add_journal(file);
  follower_.look();
  ASSERT_EQ(follower_.sweeps().size(), 2u);
  EXPECT_EQ(follower_.sweeps()[0]->name, "a");
  EXPECT_EQ(follower_.sweeps()[0]->sweep, nullptr);
  EXPECT_EQ(follower_.sweeps()[0]->study->directions.size(), 2u);
  EXPECT_EQ(follower_.sweeps()[1]->study->trials.size(), 1u);
}

TEST_F(SweepFollowerTest, ASweepsOwnJournalIsThatSweep) {
  const fs::path folder = make_sweep("one");
  follower_.add_root(root_, "");
  follower_.add_journal(journal_file(folder));
  follower_.look();
  ASSERT_EQ(follower_.sweeps().size(), 1u);
  EXPECT_NE(only().sweep, nullptr);
}

TEST_F(SweepFollowerTest, OtherFilesAreNoJournals) {
  std::ofstream(root_ / "test.json") << "[[1e-5, 2.0], [1e-4, 1.9]]\n";
  std::ofstream(root_ / "test.csv") << "lr,loss\n1e-5,2\n";
  std::ofstream(root_ / "empty.journal");
  EXPECT_FALSE(is_journal_file(root_ / "test.json"));
  EXPECT_FALSE(is_journal_file(root_ / "test.csv"));
  EXPECT_FALSE(is_journal_file(root_));
  EXPECT_FALSE(is_journal_file(root_ / "none"));
  EXPECT_TRUE(is_journal_file(root_ / "empty.journal"));
}

}  // namespace
}  // namespace ablate
