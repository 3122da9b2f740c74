// What holds of every pruner.
#include "sweeps/pruners/pruner.h"

#include <gmock/gmock.h>

#include <limits>

#include "runs/error.h"
#include "tests/sweeps/pruners/trials.h"

namespace ablate {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::string refusal(const json& pruner, const std::vector<Direction>& directions = {Direction::minimize}) {
  try {
    make_pruner(pruner, 100, directions);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

class EveryPruner : public testing::TestWithParam<std::string> {
 protected:
  /// Trials that were better, one after the other, and ran to their ends.
  static Study study(Direction direction) {
    Study study = study_of(direction);
    for (int i = 0; i < 20; ++i) {
      Trial& trial = add(study, TrialState::complete);
      for (Step step = 1; step <= 100; ++step)
        trial.intermediate[step] = (direction == Direction::minimize ? -1 : 1) * (i + step / 100.0);
    }
    return study;
  }
  std::unique_ptr<Pruner> pruner_ = make_pruner({{"name", GetParam()}}, 100, {Direction::minimize});
};

TEST_P(EveryPruner, LetsTheBestOfAllRunToItsEnd) {
  for (const Direction direction : {Direction::minimize, Direction::maximize}) {
    Study study = this->study(direction);
    Trial& best = add(study, TrialState::running);
    for (Step step = 1; step <= 100; ++step) {
      best.intermediate[step] = (direction == Direction::minimize ? -1 : 1) * (50 + static_cast<double>(step));
      ASSERT_EQ(pruner_->judge(study, best), Verdict::go_on) << step;
    }
  }
}

TEST_P(EveryPruner, StopsTheWorstButForNone) {
  for (const Direction direction : {Direction::minimize, Direction::maximize}) {
    Study study = this->study(direction);
    Trial& worst = add(study, TrialState::running);
    bool stopped = false;
    for (Step step = 1; step <= 100; ++step) {
      worst.intermediate[step] = (direction == Direction::minimize ? 1 : -1) * (50 + static_cast<double>(step));
      stopped |= pruner_->judge(study, worst) != Verdict::go_on;
    }
    EXPECT_EQ(stopped, GetParam() != "none");
  }
}

TEST_P(EveryPruner, SaysNothingOfATrialWithoutReports) {
  Study study = this->study(Direction::minimize);
  EXPECT_EQ(pruner_->judge(study, add(study, TrialState::waiting)), Verdict::go_on);
  EXPECT_EQ(pruner_->promote(study), std::nullopt);
}

TEST_P(EveryPruner, LetsNothingGoOnThatDoesNotWait) {
  Study study = this->study(Direction::minimize);
  for (const TrialState state : {TrialState::running, TrialState::pruned, TrialState::fail}) {
    Trial& trial = add(study, state);
    for (Step step = 1; step <= 70; ++step) trial.intermediate[step] = -1000;
  }
  EXPECT_EQ(pruner_->promote(study), std::nullopt);
}

TEST_P(EveryPruner, TakesNaNFromAnybody) {
  Study study = study_of(Direction::minimize);
  for (int i = 0; i < 20; ++i) {
    Trial& trial = add(study, TrialState::complete);
    for (Step step = 1; step <= 100; ++step) trial.intermediate[step] = kNaN;
  }
  Trial& diverged = add(study, TrialState::running);
  for (Step step = 1; step <= 100; ++step) {
    diverged.intermediate[step] = kNaN;
    EXPECT_NE(pruner_->judge(study, diverged), Verdict::pause);
  }
}

TEST_P(EveryPruner, TakesSeveralObjectivesIfItComparesNothing) {
  const std::string told = refusal({{"name", GetParam()}}, {Direction::minimize, Direction::maximize});
  if (GetParam() == "none")
    EXPECT_EQ(told, "");
  else
    EXPECT_THAT(told, HasSubstr("Use the pruner \"none\", or one objective."));
}

TEST_P(EveryPruner, RefusesAFieldThatItDoesNotKnow) {
  EXPECT_THAT(refusal({{"name", GetParam()}, {"colour", 1}}),
              HasSubstr("The pruner " + GetParam() + " knows no \"colour\""));
}

TEST_P(EveryPruner, HasAMeaning) {
  EXPECT_TRUE(std::ranges::any_of(
      pruner_kinds(), [&](const PrunerKind& kind) { return kind.name == GetParam() && kind.meaning.ends_with('.'); }));
}

std::vector<std::string> names_of_pruners() {
  std::vector<std::string> names;
  for (const PrunerKind& kind : pruner_kinds()) names.push_back(kind.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Pruners, EveryPruner, testing::ValuesIn(names_of_pruners()),
                         [](const auto& each) { return each.param; });

TEST(MakePruner, NamesTheNearest) {
  EXPECT_THAT(refusal({{"name", "medain"}}), HasSubstr("Did you mean \"median\"?"));
  EXPECT_THAT(refusal({{"name", "median"}, {"n_startup_trial", 3}}), HasSubstr("Did you mean \"n_startup_trials\"?"));
  EXPECT_THAT(refusal({{"name", "qqqq"}}), HasSubstr("There are none, median, asha"));
  EXPECT_THAT(refusal("median"), HasSubstr("A pruner is written as"));
}

TEST(MakePruner, RefusesValuesThatCannotBe) {
  EXPECT_THAT(refusal({{"name", "median"}, {"percentile", 101}}),
              HasSubstr("\"percentile\" is a number within [0, 100], not 101."));
  EXPECT_THAT(refusal({{"name", "patience"}, {"min_delta", -1}}), HasSubstr("\"min_delta\" is a number from 0 on"));
  EXPECT_THAT(refusal({{"name", "patience"}, {"patience", 1.5}}),
              HasSubstr("\"patience\" is a whole number from 0 on, not 1.5."));
  EXPECT_THAT(refusal({{"name", "patience"}, {"pruner", {{"name", "mediam"}}}}), HasSubstr("Did you mean \"median\"?"));
  EXPECT_THAT(refusal({{"name", "asha"}, {"reduction_factor", 1}}),
              HasSubstr("\"reduction_factor\" is a whole number from 2 on"));
  EXPECT_THAT(refusal({{"name", "hyperband"}, {"min_resource", 0}}),
              HasSubstr("\"min_resource\" is a whole number from 1 on"));
  EXPECT_THAT(refusal({{"name", "asha"}, {"min_resource", 100}}), HasSubstr("a whole run has 100"));
}

}  // namespace
}  // namespace ablate
