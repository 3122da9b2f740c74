#include "sweeps/samplers/grid.h"

#include <gmock/gmock.h>

#include "runs/error.h"
#include "tests/sweeps/samplers/random_space.h"

namespace ablate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<Params> all_of(const SearchSpace& space, Study study = {}) {
  const std::unique_ptr<Sampler> grid = make_sampler(space, {{"name", "grid"}}, {Direction::minimize});
  std::vector<Params> all;
  while (const std::optional<Params> params = grid->suggest(study, static_cast<int>(study.trials.size()))) {
    all.push_back(*params);
    study.trials.push_back(trial_of(space, *params, static_cast<int>(study.trials.size())));
  }
  return all;
}

TEST(Grid, TriesEveryCombinationOnceTheLastFastest) {
  const SearchSpace space({{"a", integer(1, 2), {}}, {"b", real(0, .3, false, .1), {}}});
  const std::vector<Params> all = all_of(space);
  ASSERT_EQ(all.size(), 8u);
  EXPECT_EQ(all[0], (Params{{"a", 1}, {"b", 0}}));
  EXPECT_EQ(all[1], (Params{{"a", 1}, {"b", .1}}));
  EXPECT_EQ(all[4], (Params{{"a", 2}, {"b", 0}}));
}

TEST(Grid, AParameterThatDoesNotExistMultipliesNothing) {
  const SearchSpace space({{"norm", choices({"none", "group"}), {}}, {"groups", integer(1, 3), {{"norm", {1}}}}});
  EXPECT_THAT(all_of(space), ElementsAre(Params{{"norm", 0}}, Params{{"norm", 1}, {"groups", 1}},
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

TEST(Grid, RefusesARangeWithoutSteps) {
  try {
    make_sampler(SearchSpace({{"optimizer.lr", real(0, 1), {}}}), {{"name", "grid"}}, {Direction::minimize});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("every value of optimizer.lr"));
  }
}

TEST(Grid, TakesARangeOfOneValue) { EXPECT_EQ(all_of(SearchSpace({{"x", real(2, 2), {}}})).size(), 1u); }

}  // namespace
}  // namespace ablate
