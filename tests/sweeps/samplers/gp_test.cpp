#include "sweeps/samplers/gp.h"

#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include "runs/error.h"
#include "tests/sweeps/samplers/random_space.h"

namespace ablate {
namespace {

using testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
const std::vector<Direction> kOneLoss{Direction::minimize};

std::unique_ptr<Sampler> gp(const SearchSpace& space, int seed = 0,
                            const std::vector<Direction>& directions = kOneLoss) {
  return make_sampler(space, {{"name", "gp"}, {"seed", seed}}, directions);
}

const SearchSpace kUnitSquare({{"x", real(0, 1), {}}, {"y", real(0, 1), {}}});

Trial complete(const SearchSpace& space, const Params& params, std::vector<double> values, int number) {
  Trial trial = trial_of(space, params, number);
  trial.state = TrialState::complete;
  trial.values = std::move(values);
  return trial;
}

/// `count` random trials with `values` of their parameters.
template <typename Values>
Study study_with(const SearchSpace& space, int count, const Values& values,
                 const std::vector<Direction>& directions = kOneLoss) {
  Study study;
  study.directions = directions;
  for (int number = 0; number < count; ++number) {
    std::mt19937_64 generator = generator_for(5, number);
    const Params params = random_params(space, generator);
    study.trials.push_back(complete(space, params, values(params), number));
  }
  return study;
}

Params suggestion(const SearchSpace& space, const Study& study, int seed = 0) {
  const std::optional<Params> params =
      gp(space, seed, study.directions)->suggest(study, static_cast<int>(study.trials.size()));
  EXPECT_TRUE(params);
  expect_complete(space, *params);
  return *params;
}

std::vector<double> bowl(const Params& params) {
  return {std::pow(params.at("x") - .3, 2) + std::pow(params.at("y") - .6, 2)};
}

/// Proposes and evaluates `count` trials.
template <typename Values>
Study optimised(const SearchSpace& space, int count, const Values& values,
                const std::vector<Direction>& directions = kOneLoss, int seed = 0) {
  const std::unique_ptr<Sampler> sampler = gp(space, seed, directions);
  Study study;
  study.directions = directions;
  for (int number = 0; number < count; ++number) {
    const Params params = *sampler->suggest(study, number);
    study.trials.push_back(complete(space, params, values(params), number));
  }
  return study;
}

double best_of(const Study& study) { return study.trials[static_cast<std::size_t>(study.best()[0])].values[0]; }

TEST(Gp, FindsAMinimumInFewTrials) { EXPECT_LT(best_of(optimised(kUnitSquare, 20, bowl)), 1e-3); }

TEST(Gp, FindsAMaximum) {
  const auto hill = [](const Params& params) { return std::vector<double>{-bowl(params)[0]}; };
  EXPECT_GT(best_of(optimised(kUnitSquare, 20, hill, {Direction::maximize})), -1e-3);
}

TEST(Gp, FindsTheBestAmongStepsCategoriesAndParametersThatExistSometimes) {
  const SearchSpace space({{"optimizer.name", choices({"sgd", "adam"}), {}},
                           {"optimizer.momentum", real(0, .95, false, .05), {{"optimizer.name", {0}}}},
                           {"optimizer.lr", real(1e-5, 1, true), {}},
                           {"model.depth", integer(1, 100), {}}});
  const auto loss = [](const Params& params) {
    const double momentum = params.at("optimizer.name") == 0 ? std::pow(params.at("optimizer.momentum") - .9, 2) : .3;
    return std::vector<double>{momentum + .1 * std::pow(std::log10(params.at("optimizer.lr")) + 2, 2) +
                               std::pow((params.at("model.depth") - 70) / 100, 2)};
  };
  EXPECT_LT(best_of(optimised(space, 40, loss)), .02);
}

TEST(Gp, SpreadsItsFirstTrialsUntilTenOfThemCount) {
  const Study study = optimised(kUnitSquare, 16, [](const Params&) { return std::vector<double>{kNan}; });
  std::set<std::pair<int, int>> squares;
  for (const Trial& trial : study.trials)
    squares.emplace(static_cast<int>(4 * trial.params.at("x")), static_cast<int>(4 * trial.params.at("y")));
  EXPECT_GE(squares.size(), 15u);  // 16 of the 16 points from the first; the sequence begins at the second.

  const Study told = study_with(kUnitSquare, 10, bowl);
  const auto after = [&](int startup_trials) {
    return *make_sampler(kUnitSquare, {{"name", "gp"}, {"startup_trials", startup_trials}}, kOneLoss)
                ->suggest(told, 10);
  };
  EXPECT_EQ(after(11), study.trials[10].params);
  EXPECT_NE(after(10), study.trials[10].params);
}

TEST(Gp, ItsFirstTrialsPairEveryCategoryWithEveryOther) {
  const SearchSpace space({{"a", choices({1, 2, 3}), {}}, {"b", choices({1, 2}), {}}, {"x", real(0, 1), {}}});
  std::set<std::pair<double, double>> pairs;
  for (int seed = 0; seed < 5; ++seed)
    for (int number = 0; number < 10; ++number) {
      const Params params = *gp(space, seed)->suggest({}, number);
      pairs.emplace(params.at("a"), params.at("b"));
    }
  EXPECT_EQ(pairs.size(), 6u);
}

TEST(Gp, TheSameForTheSameSeedStudyAndNumberAlsoAfterARestart) {
  std::mt19937_64 generator(1);
  for (int round = 0; round < 5; ++round) {
    const SearchSpace space = random_space(generator);
    const Study study = study_of(space, *gp(space, round), 20, kOneLoss, generator);
    Study grown = study;
    while (!grown.trials.empty()) {
      const Trial last = grown.trials.back();
      grown.trials.pop_back();
      EXPECT_EQ(gp(space, round)->suggest(grown, last.number), last.params);
    }
  }
  EXPECT_NE(gp(kUnitSquare, 1)->suggest({}, 0), gp(kUnitSquare, 2)->suggest({}, 0));
}

TEST(Gp, ProposesWhatTheDistributionsAllowForEveryParameterThatExists) {
  std::mt19937_64 generator(2);
  for (int round = 0; round < 8; ++round) {
    const SearchSpace space = random_space(generator);
    for (const Trial& trial : study_of(space, *gp(space, round), 30, kOneLoss, generator).trials)
      expect_complete(space, trial.params);
  }
}

TEST(Gp, ParallelWorkersAreSentToDifferentPlaces) {
  Study study = study_with(kUnitSquare, 12, bowl);
  std::vector<Params> proposed;
  for (int worker = 0; worker < 8; ++worker) {
    proposed.push_back(suggestion(kUnitSquare, study));
    study.trials.push_back(trial_of(kUnitSquare, proposed.back(), static_cast<int>(study.trials.size())));
  }
  for (std::size_t i = 0; i < proposed.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      EXPECT_GT(std::hypot(proposed[i].at("x") - proposed[j].at("x"), proposed[i].at("y") - proposed[j].at("y")), 1e-3);
}

TEST(Gp, ParallelWorkersShareOutASmallSpaceBeforeAnyIsGivenTwice) {
  const SearchSpace space({{"a", choices({"x", "y", "z"}), {}}, {"b", integer(1, 3), {}}});
  Study study =
      study_with(space, 10, [](const Params& params) { return std::vector<double>{params.at("a") + params.at("b")}; });
  std::set<Params> proposed;
  for (int worker = 0; worker < 9; ++worker) {
    const Params params = suggestion(space, study);
    EXPECT_TRUE(proposed.insert(params).second);
    study.trials.push_back(trial_of(space, params, static_cast<int>(study.trials.size())));
  }
  suggestion(space, study);
}

TEST(Gp, APrunedTrialCountsButAsNoBetterThanTheMedian) {
  const SearchSpace space({{"x", real(0, 1), {}}});
  const auto with_pruned = [&](double value, TrialState state, bool paused) {
    Study study = study_with(space, 12, [](const Params& params) { return std::vector<double>{params.at("x")}; });
    Trial pruned = trial_of(space, {{"x", .02}}, 12);
    pruned.state = state;
    pruned.intermediate = {{5, 100}, {10, value}};
    if (paused) pruned.user_attrs["paused_at"] = 10;
    study.trials.push_back(pruned);
    return suggestion(space, study);
  };
  const Params far_off = with_pruned(-1000, TrialState::pruned, false);
  EXPECT_EQ(with_pruned(-5, TrialState::pruned, false), far_off);
  EXPECT_EQ(with_pruned(-5, TrialState::running, true), far_off);
  EXPECT_NE(with_pruned(50, TrialState::pruned, false), far_off);
  EXPECT_NE(with_pruned(-5, TrialState::fail, false), far_off);
  EXPECT_EQ(with_pruned(kNan, TrialState::pruned, false), with_pruned(-5, TrialState::fail, false));
}

TEST(Gp, TrialsThatFailedOrAreNotANumberDontCount) {
  Study study = study_with(kUnitSquare, 12, bowl);
  const auto add = [&](TrialState state, std::vector<double> values) {
    study.trials.push_back(complete(kUnitSquare, {{"x", .9}, {"y", .9}}, std::move(values), 12));
    study.trials.back().state = state;
    const Params params = *gp(kUnitSquare)->suggest(study, 13);
    study.trials.pop_back();
    return params;
  };
  const Params without = *gp(kUnitSquare)->suggest(study, 13);
  EXPECT_EQ(add(TrialState::fail, {}), without);
  EXPECT_EQ(add(TrialState::complete, {kNan}), without);
  EXPECT_NE(add(TrialState::complete, {-3}), without);
}

TEST(Gp, AnInfiniteValueCountsAsTheWorstFiniteOne) {
  Study study = study_with(kUnitSquare, 12, bowl);
  double worst = 0;
  for (const Trial& trial : study.trials) worst = std::max(worst, trial.values[0]);
  study.trials.push_back(complete(kUnitSquare, {{"x", .9}, {"y", .9}}, {kInfinity}, 12));
  const Params proposed = suggestion(kUnitSquare, study);
  study.trials.back().values = {worst};
  EXPECT_EQ(suggestion(kUnitSquare, study), proposed);
}

TEST(Gp, DoesntDependOnTheUnitOfTheValues) {
  const Study study = study_with(kUnitSquare, 15, bowl);
  Study scaled = study;
  for (Trial& trial : scaled.trials) trial.values[0] *= 0x1p900;
  EXPECT_EQ(suggestion(kUnitSquare, scaled), suggestion(kUnitSquare, study));
}

TEST(Gp, EveryKindOfValuesGivesAProposal) {
  std::mt19937_64 generator(3);
  const std::vector<std::function<double(int)>> kinds{
      [](int) { return 0.; },
      [](int) { return 1e308; },
      [](int) { return kInfinity; },
      [](int i) { return i % 2 ? kInfinity : -kInfinity; },
      [](int i) { return i % 2 ? 1e308 : -1e308; },
      [](int i) { return i % 3 ? 1e-300 * i : kNan; },
      [](int i) { return 1 + 1e-15 * i; },
      [](int i) { return std::exp(10 * i); },
      [](int i) { return i == 7 ? 1e200 : i; },
      [](int i) { return i % 5 ? 5e-324 : 0; },
  };
  for (const auto& kind : kinds) {
    const SearchSpace space = random_space(generator);
    int i = 0;
    suggestion(space, study_with(space, 40, [&](const Params&) { return std::vector<double>{kind(i++)}; }));
  }
}

TEST(Gp, DuplicatedPointsDontMatterAlsoWithDifferentValues) {
  Study study;
  study.directions = kOneLoss;
  for (int number = 0; number < 60; ++number)
    study.trials.push_back(complete(kUnitSquare, {{"x", .5}, {"y", number % 3 * .4}}, {number % 7 * 1.}, number));
  suggestion(kUnitSquare, study);
  for (int number = 60; number < 70; ++number)
    study.trials.push_back(trial_of(kUnitSquare, {{"x", .5}, {"y", .4}}, number));
  suggestion(kUnitSquare, study);
}

TEST(Gp, OneTrialIsEnoughWhereSoManyAreAskedFor) {
  const auto after = [](int startup_trials) {
    return *make_sampler(kUnitSquare, {{"name", "gp"}, {"startup_trials", startup_trials}}, kOneLoss)
                ->suggest(study_with(kUnitSquare, 1, bowl), 1);
  };
  expect_complete(kUnitSquare, after(1));
  EXPECT_NE(after(1), after(2));
}

TEST(Gp, FiveHundredTrialsAreNoHindrance) {
  const Params proposed = suggestion(kUnitSquare, study_with(kUnitSquare, 500, bowl));
  EXPECT_NEAR(proposed.at("x"), .3, .1);
  EXPECT_NEAR(proposed.at("y"), .6, .1);
}

TEST(Gp, TakesARangeOfOneValueAndTheLargestRanges) {
  const SearchSpace space({{"one", real(2, 2), {}},
                           {"only", choices({"a"}), {}},
                           {"whole", integer(0, 0x1p53), {}},
                           {"log", integer(1, 0x1p53, true), {}},
                           {"tiny", real(1e-300, 1e300, true), {}}});
  const Params proposed = suggestion(space, study_with(space, 20, [](const Params& params) {
                                       return std::vector<double>{std::log(params.at("tiny"))};
                                     }));
  EXPECT_LT(proposed.at("tiny"), 1e-200);
}

TEST(Gp, TrialsOfAnotherSpaceCountWithWhatTheyHave) {
  Study study = study_with(kUnitSquare, 12, bowl);
  for (Trial& trial : study.trials) trial.params.erase("y");
  study.trials[3].params = {{"x", 7}};
  study.trials[4].params = {};
  suggestion(kUnitSquare, study);
}

TEST(Gp, OfSeveralObjectivesItFindsTheFront) {
  const std::vector<Direction> directions{Direction::minimize, Direction::maximize};
  // The front is x + y ≤ 1 at its border: y = 0.
  const auto values = [](const Params& params) {
    return std::vector<double>{params.at("x") + params.at("y"), 100 * (std::sqrt(params.at("x")) - params.at("y"))};
  };
  const Study study = optimised(kUnitSquare, 30, values, directions);
  int near = 0;
  double low = 1, high = 0;
  for (std::size_t i = 10; i < study.trials.size(); ++i) {
    if (study.trials[i].params.at("y") > .05) continue;
    ++near;
    low = std::min(low, study.trials[i].params.at("x"));
    high = std::max(high, study.trials[i].params.at("x"));
  }
  EXPECT_GT(near, 12);
  EXPECT_LT(low, .15);
  EXPECT_GT(high, .85);
}

TEST(Gp, SeveralObjectivesMayHaveEveryKindOfValues) {
  int i = 0;
  const Study study =
      study_with(kUnitSquare, 30,
                 [&](const Params&) {
                   return std::vector<double>{i++ % 2 ? 1e308 : -1e308, i % 3 ? kInfinity : 0, i % 7 ? 1 : kNan};
                 },
                 {Direction::minimize, Direction::maximize, Direction::minimize});
  suggestion(kUnitSquare, study);
}

TEST(Gp, RefusesUnknownFields) {
  try {
    make_sampler(kUnitSquare, {{"name", "gp"}, {"startup_trial", 3}}, kOneLoss);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("Did you mean \"startup_trials\"?"));
  }
}

}  // namespace
}  // namespace ablate
