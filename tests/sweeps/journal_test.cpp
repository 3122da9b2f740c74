#include "sweeps/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <thread>

#include "runs/error.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class JournalTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "ablate-journal-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    file_ = folder_ / "sweep.journal";
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string text() const {
    std::ostringstream all;
    all << std::ifstream(file_).rdbuf();
    return all.str();
  }
  void append(Journal& journal, const std::vector<journal::Record>& records) {
    journal.update([&](const JournalReplay&) { return records; });
  }
  void append_text(const std::string& words) { std::ofstream(file_, std::ios::app) << words; }

  static const Study& study(const Journal& journal) { return *journal.replay().find("s"); }
  static Trial trial(double lr) {
    Trial made;
    made.params["lr"] = lr;
    made.distributions["lr"] = std::make_shared<const Distribution>(Distribution{Distribution::Type::real, 0, 1});
    made.started_seconds = 1764395671.25;
    made.user_attrs["run"] = "r";
    return made;
  }

  fs::path folder_, file_;
};

TEST_F(JournalTest, WhatOneWritesAnotherReads) {
  Journal ours(file_), other(file_);
  append(ours, {journal::create_study("s", {Direction::maximize})});
  append(ours, {journal::create_trial(study(ours), trial(0.5))});
  const Trial& made = study(ours).trials.at(0);
  append(ours, {journal::set_intermediate(made, 5, std::numeric_limits<double>::quiet_NaN()),
                journal::set_intermediate(made, 10, 0.25), journal::set_user_attr(made, "paused_at", 10)});
  EXPECT_TRUE(other.sync());
  EXPECT_FALSE(other.sync());
  const Trial& read = study(other).trials.at(0);
  EXPECT_TRUE(read.paused());
  EXPECT_EQ(read.run(), "r");
  EXPECT_EQ(read.params.at("lr"), 0.5);
  EXPECT_TRUE(std::isnan(read.intermediate.at(5)));
  EXPECT_DOUBLE_EQ(read.started_seconds, 1764395671.25);
  EXPECT_THAT(text(), HasSubstr(R"("intermediate_value":NaN)"));
}

TEST_F(JournalTest, AFinishedTrialStaysAsItIs) {
  Journal journal(file_);
  append(journal, {journal::create_study("s", {Direction::maximize})});
  append(journal, {journal::create_trial(study(journal), trial(0.5))});
  const Trial made = study(journal).trials.at(0);
  append(journal, {journal::set_state(made, TrialState::complete, {0.75}),
                   journal::set_state(made, TrialState::fail, {}), journal::set_user_attr(made, "late", true)});
  EXPECT_EQ(study(journal).trials[0].state, TrialState::complete);
  EXPECT_FALSE(study(journal).trials[0].user_attrs.contains("late"));
  EXPECT_GT(study(journal).trials[0].ended_seconds, 1.7e9);
}

TEST_F(JournalTest, ALineWithoutItsEndIsNotThereYet) {
  Journal journal(file_);
  append(journal, {journal::create_study("s", {Direction::maximize})});
  append_text(R"({"op_code":2,"worker_id":"w","study_id":0,)");
  EXPECT_FALSE(journal.sync());
  append_text("\"user_attr\":{\"a\":1}}\n");
  EXPECT_TRUE(journal.sync());
  EXPECT_EQ(study(journal).user_attrs.at("a"), 1);
}

TEST_F(JournalTest, ATornLastLineIsCutBeforeAnythingIsAppended) {
  Journal journal(file_);
  append(journal, {journal::create_study("s", {Direction::maximize})});
  append_text(R"({"op_code":2,"worker)");
  append(journal, {journal::set_study_user_attr(study(journal), "a", 2)});
  EXPECT_EQ(study(journal).user_attrs.at("a"), 2);
  EXPECT_EQ(Journal(file_).replay().find("s")->user_attrs.at("a"), 2);
}

TEST_F(JournalTest, ALineThatCannotBeReadIsToldWithItsNumber) {
  Journal journal(file_);
  append(journal, {journal::create_study("s", {Direction::maximize})});
  for (const char* bad : {"{\"op_code\":{\"op_code\":1}\n", "{\"op_code\":77}\n", "{\"op_code\":5,\"trial_id\":0}\n",
                          "[]\n", "{\"op_code\":4,\"study_id\":0,\"params\":{\"x\":1},\"datetime_start\":null}\n"}) {
    const std::string good = text();
    append_text(bad);
    try {
      Journal again(file_);
      // What is about a trial that there isn't does nothing, as in Optuna.
      EXPECT_THAT(bad, HasSubstr("trial_id")) << bad;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("sweep.journal, line 2")) << bad;
    }
    std::ofstream(file_) << good;
  }
}

TEST_F(JournalTest, ManyWritersLoseNothing) {
  append(*std::make_unique<Journal>(file_), {journal::create_study("s", {Direction::minimize})});
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w)
    writers.emplace_back([this] {
      Journal journal(file_);
      for (int i = 0; i < 25; ++i)
        journal.update([&](const JournalReplay& replay) -> std::vector<journal::Record> {
          const Study& now = *replay.find("s");
          Trial made = trial(0.5);
          made.user_attrs["number"] = now.trials.size();
          return {journal::create_trial(now, made)};
        });
    });
  for (std::thread& each : writers) each.join();
  const Journal journal(file_);
  ASSERT_EQ(study(journal).trials.size(), 100u);
  for (const Trial& each : study(journal).trials) EXPECT_EQ(each.user_attrs.at("number"), each.number);
  EXPECT_FALSE(fs::is_symlink(file_.string() + ".lock"));
}

TEST_F(JournalTest, OfTwoProcessesThatTakeAWaitingTrialTheFirstHasIt) {
  Journal journal(file_);
  append(journal, {journal::create_study("s", {Direction::minimize})});
  Trial waits = trial(0.5);
  waits.state = TrialState::waiting;
  waits.started_seconds = 0;
  append(journal, {journal::create_trial(study(journal), waits)});
  const Trial made = study(journal).trials[0];
  append(journal, {journal::set_state(made, TrialState::running, {})});
  const double started = study(journal).trials[0].started_seconds;
  append(journal, {journal::set_state(made, TrialState::running, {})});
  EXPECT_GT(started, 0);
  EXPECT_EQ(study(journal).trials[0].started_seconds, started);
}

TEST(Study, TheBestOfSeveralObjectivesAreThoseThatNoneDominates) {
  Study study;
  study.directions = {Direction::maximize, Direction::minimize};
  for (const auto& [a, b] : {std::pair(.9, 5.), {.8, 2.}, {.7, 3.}, {.9, 4.}}) {
    Trial trial;
    trial.number = static_cast<int>(study.trials.size());
    trial.state = TrialState::complete;
    trial.values = {a, b};
    study.trials.push_back(trial);
  }
  EXPECT_THAT(study.best(), testing::ElementsAre(1, 3));
}

}  // namespace
}  // namespace ablate
