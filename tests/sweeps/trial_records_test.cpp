#include "sweeps/trial_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <functional>
#include <sstream>

namespace ablate {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// A writer that dies within its last write leaves some of its bytes.
class TornBatchTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "ablate-torn-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    file_ = folder_ / "sweep.journal";
    Journal journal(file_);
    journal.update([&](const JournalReplay&) { return std::vector{journal::create_study("lr", sweep_.directions())}; });
  }
  void TearDown() override { fs::remove_all(folder_); }

  static const Study& study(const JournalReplay& replay) { return *replay.find("lr"); }

  std::string text() const {
    std::ostringstream all;
    all << std::ifstream(file_, std::ios::binary).rdbuf();
    return all.str();
  }

  using Change = std::function<std::vector<journal::Record>(const Study&)>;
  void update(const Change& change) const {
    Journal(file_).update([&](const JournalReplay& replay) { return change(study(replay)); });
  }

  /// What `change` appends, cut at each of its bytes; then whoever comes next makes it again, and `check` looks.
  void cut_everywhere(const Change& change, const std::function<void(const Study&)>& check) const {
    const std::string before = text();
    update(change);
    const std::string after = text();
    ASSERT_GT(std::count(after.begin() + std::ssize(before), after.end(), '\n'), 1) << "a batch of several records";
    for (std::size_t length = before.size(); length <= after.size(); ++length) {
      std::ofstream(file_, std::ios::binary) << after.substr(0, length);
      update(change);
      const Journal journal(file_);
      check(study(journal.replay()));
      if (HasFailure()) FAIL() << "cut after byte " << length - before.size() << " of " << after.size() - before.size();
    }
  }

  fs::path folder_, file_;
  const Sweep sweep_ = Sweep::from_json(ordered_json::parse(R"({
      "name": "lr", "budget": {"trials": 4}, "retries": 2,
      "space": {"optimizer.lr": {"type": "float", "low": 1e-4, "high": 1, "log": true},
                "model.channels": {"type": "int", "low": 2, "high": 8}}})"),
                                        "here");
};

TEST_F(TornBatchTest, ATrialThatFailedIsTriedAgainOnce) {
  update([&](const Study& study) {
    return std::vector{begin_trial(sweep_, study, {{"optimizer.lr", 0.25}, {"model.channels", 4}})};
  });
  cut_everywhere(
      [&](const Study& study) {
        const Trial& first = study.trials.at(0);
        if (finished(first.state)) return std::vector<journal::Record>();
        return fail_trial(sweep_, study, first, "its worker died");
      },
      [](const Study& study) {
        ASSERT_EQ(study.trials.size(), 2u);
        EXPECT_EQ(study.trials[0].state, TrialState::fail);
        EXPECT_EQ(study.trials[0].user_attrs.at("error"), "its worker died");
        EXPECT_EQ(study.trials[1].state, TrialState::running);
        EXPECT_EQ(study.trials[1].params, study.trials[0].params);
        EXPECT_EQ(study.trials[1].system_attrs.at("retry_history").dump(), "[0]");
        EXPECT_NE(study.trials[1].run(), study.trials[0].run());
      });
}

TEST_F(TornBatchTest, AWaitingTrialIsTakenWithAllItsParameters) {
  update([&](const Study& study) {
    Trial waits;
    waits.state = TrialState::waiting;
    waits.system_attrs["fixed_params"] = {{"optimizer.lr", 0.01}};
    return std::vector{journal::create_trial(study, waits)};
  });
  cut_everywhere(
      [&](const Study& study) {
        const Trial& first = study.trials.at(0);
        if (first.state != TrialState::waiting) return std::vector<journal::Record>();
        return take_waiting(sweep_, first, {{"optimizer.lr", 0.5}, {"model.channels", 4}});
      },
      [](const Study& study) {
        ASSERT_EQ(study.trials.size(), 1u);
        EXPECT_EQ(study.trials[0].state, TrialState::running);
        EXPECT_EQ(study.trials[0].params, (Params{{"optimizer.lr", 0.01}, {"model.channels", 4}}));
        EXPECT_NE(study.trials[0].run(), "");
      });
}

TEST_F(TornBatchTest, ReportsAreThereOnce) {
  update([&](const Study& study) {
    return std::vector{begin_trial(sweep_, study, {{"optimizer.lr", 0.25}, {"model.channels", 4}})};
  });
  cut_everywhere(
      [&](const Study& study) {
        std::vector<journal::Record> records;
        const Trial& trial = study.trials.at(0);
        if (finished(trial.state)) return records;
        for (const Step step : {5, 10, 15})
          if (!trial.intermediate.contains(step))
            records.push_back(journal::set_intermediate(trial, step, static_cast<double>(step) / 100));
        records.push_back(journal::set_state(trial, TrialState::complete, {0.15}));
        return records;
      },
      [](const Study& study) {
        ASSERT_EQ(study.trials.size(), 1u);
        EXPECT_EQ(study.trials[0].state, TrialState::complete);
        EXPECT_EQ(study.trials[0].intermediate, (std::map<Step, double>{{5, .05}, {10, .1}, {15, .15}}));
        EXPECT_EQ(study.trials[0].values, std::vector{0.15});
      });
}

}  // namespace
}  // namespace ablate
