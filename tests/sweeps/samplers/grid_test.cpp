#include "sweeps/samplers/grid.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "runs/error.h"
#include "tests/sweeps/samplers/random_space.h"

namespace ablate {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

std::vector<Params> all_of(const SearchSpace& space, Study study = {}, int seed = 0) {
  const std::unique_ptr<Sampler> grid = make_sampler(space, {{"name", "grid"}, {"seed", seed}}, {Direction::minimize});
  std::vector<Params> all;
  while (const std::optional<Params> params = grid->suggest(study, static_cast<int>(study.trials.size()))) {
    all.push_back(*params);
    study.trials.push_back(trial_of(space, *params, static_cast<int>(study.trials.size())));
  }
  return all;
}

std::string refusal(const SearchSpace& space) {
  try {
    make_sampler(space, {{"name", "grid"}}, {Direction::minimize});
  } catch (const Error& error) {
    return error.what();
  }
  return "taken";
}

TEST(Grid, TriesEveryCombinationOnce) {
  const SearchSpace space({{"a", integer(1, 2), {}}, {"b", real(0, .2, false, .1), {}}});
  EXPECT_THAT(all_of(space), UnorderedElementsAre(Params{{"a", 1}, {"b", 0}}, Params{{"a", 1}, {"b", .1}},
                                                  Params{{"a", 1}, {"b", .2}}, Params{{"a", 2}, {"b", 0}},
                                                  Params{{"a", 2}, {"b", .1}}, Params{{"a", 2}, {"b", .2}}));
}

TEST(Grid, ItsOrderIsDrawnByItsSeedAndTheSameForWhoeverGoesOn) {
  const SearchSpace space({{"a", integer(1, 40), {}}});
  const std::vector<Params> all = all_of(space);
  EXPECT_THAT(all, testing::SizeIs(40));
  EXPECT_FALSE(std::ranges::is_sorted(all));
  EXPECT_NE(all, all_of(space, {}, 1));
  Study study;
  for (int number = 0; number < 15; ++number) study.trials.push_back(trial_of(space, all[number], number));
  EXPECT_EQ(all_of(space, study), std::vector<Params>(all.begin() + 15, all.end()));
}

TEST(Grid, AParameterThatDoesNotExistMultipliesNothing) {
  const SearchSpace space({{"norm", choices({"none", "group"}), {}}, {"groups", integer(1, 3), {{"norm", {1}}}}});
  EXPECT_THAT(all_of(space),
              UnorderedElementsAre(Params{{"norm", 0}}, Params{{"norm", 1}, {"groups", 1}},
                                   Params{{"norm", 1}, {"groups", 2}}, Params{{"norm", 1}, {"groups", 3}}));
}

TEST(Grid, LeavesOutWhatTheStudyHasInAnyState) {
  const SearchSpace space({{"a", integer(0, 5), {}}});
  Study study;
  for (const TrialState state :
       {TrialState::running, TrialState::complete, TrialState::pruned, TrialState::fail, TrialState::waiting}) {
    study.trials.push_back(
        trial_of(space, {{"a", static_cast<double>(study.trials.size())}}, static_cast<int>(study.trials.size())));
    study.trials.back().state = state;
  }
  EXPECT_THAT(all_of(space, study), ElementsAre(Params{{"a", 5}}));
}

TEST(Grid, RefusesARangeWithoutStepsAndSaysWhatCanBeDone) {
  EXPECT_THAT(refusal(SearchSpace({{"optimizer.lr", real(0, 1), {}}})),
              AllOf(HasSubstr("every value of optimizer.lr"), HasSubstr("Give it a \"step\"")));
  EXPECT_THAT(refusal(SearchSpace({{"optimizer.lr", real(1e-4, 1e-2, true), {}}})),
              AllOf(Not(HasSubstr("\"step\"")), HasSubstr("the values to try, as 0.0001, 0.001, 0.01,")));
}

TEST(Grid, TakesARangeOfOneValue) { EXPECT_EQ(all_of(SearchSpace({{"x", real(2, 2), {}}})).size(), 1u); }

}  // namespace
}  // namespace ablate
