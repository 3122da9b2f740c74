#include "sweeps/samplers/ranking.h"

#include <gmock/gmock.h>

#include <limits>

namespace ablate {
namespace {

using testing::ElementsAre;

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

Trial ended(TrialState state, std::vector<double> values, std::map<Step, double> intermediate = {}) {
  Trial trial;
  trial.state = state;
  trial.values = std::move(values);
  trial.intermediate = std::move(intermediate);
  return trial;
}

Study study_with(std::vector<Trial> trials, std::vector<Direction> directions = {Direction::minimize}) {
  Study study;
  study.directions = std::move(directions);
  for (Trial& trial : trials) {
    trial.number = static_cast<int>(study.trials.size());
    study.trials.push_back(std::move(trial));
  }
  return study;
}

/// Numbers of those that have come to something, the best first.
std::vector<int> ranked(const Study& study) {
  std::vector<std::pair<Rank, int>> ranks;
  for (const Trial& trial : study.trials)
    if (const std::optional<Rank> rank = rank_of(study, trial)) ranks.push_back({*rank, trial.number});
  std::ranges::sort(ranks);
  std::vector<int> numbers;
  for (const auto& [rank, number] : ranks) numbers.push_back(number);
  return numbers;
}

TEST(Ranking, CompleteThenPrunedByHowFarTheyCameThenInfeasible) {
  Trial infeasible = ended(TrialState::complete, {0});
  infeasible.system_attrs["constraints"] = {-1.0, .5};
  Trial worse = ended(TrialState::complete, {0});
  worse.system_attrs["constraints:memory"] = 2;
  Trial feasible = ended(TrialState::complete, {2});
  feasible.system_attrs["constraints"] = {-1.0, 0.0};
  std::vector<Trial> trials{worse,
                            infeasible,
                            ended(TrialState::pruned, {}),
                            ended(TrialState::pruned, {}, {{1, 0}}),
                            ended(TrialState::pruned, {}, {{1, 0}, {4, kNotANumber}}),
                            ended(TrialState::pruned, {}, {{1, 0}, {4, 2}}),
                            ended(TrialState::pruned, {}, {{4, 1}}),
                            ended(TrialState::complete, {3}),
                            feasible};
  EXPECT_THAT(ranked(study_with(trials)), ElementsAre(8, 7, 6, 5, 4, 3, 2, 1, 0));
  EXPECT_THAT(ranked(study_with(trials, {Direction::maximize})), ElementsAre(7, 8, 5, 6, 4, 3, 2, 1, 0));
}

TEST(Ranking, LeavesOutWhatCameToNothing) {
  const Study study = study_with({ended(TrialState::fail, {}), ended(TrialState::complete, {kNotANumber}),
                                  ended(TrialState::complete, {}), ended(TrialState::running, {}, {{1, 0}}),
                                  ended(TrialState::waiting, {}), ended(TrialState::complete, {1})});
  EXPECT_THAT(ranked(study), ElementsAre(5));
}

TEST(Ranking, ATrialThatWaitsAtARungCountsAsPrunedThere) {
  Trial paused = ended(TrialState::running, {}, {{4, .5}});
  paused.user_attrs["paused_at"] = 4;
  Trial goes_on = paused;
  goes_on.user_attrs["paused_at"] = nullptr;
  EXPECT_THAT(ranked(study_with({paused, goes_on, ended(TrialState::pruned, {}, {{4, .4}})})), ElementsAre(2, 0));
}

TEST(Ranking, ManyGoodOnesTakePrunedOnesToo) {
  const Study study = study_with(
      {ended(TrialState::pruned, {}), ended(TrialState::complete, {2, 1}), ended(TrialState::complete, {1, 2})},
      {Direction::minimize, Direction::minimize});
  std::vector<Rank> ranks;
  for (const Trial& trial : study.trials) ranks.push_back(*rank_of(study, trial));
  EXPECT_THAT(best_trials(study, {0, 1, 2}, ranks, 2), testing::UnorderedElementsAre(1, 2));
  EXPECT_THAT(best_trials(study, {0, 1, 2}, ranks, 9), testing::UnorderedElementsAre(0, 1, 2));
}

}  // namespace
}  // namespace ablate
