#include "experiments/range_test.h"

#include <gmock/gmock.h>

#include <cmath>
#include <random>

#include "experiments/lr_suggest.h"
#include "experiments/recorded_test.h"
#include "runs/error.h"

namespace ablate {
namespace {

using testing::HasSubstr;

RangeTest test_of(const char* procedure) {
  RunConfig config;
  config.set("lr_find.procedure", procedure);
  return *RangeTest::from(config);
}

TEST(RangeTestRates, RiseAsPublished) {
  const RangeTest fastai = test_of("fastai"), other = test_of("pytorch-lr-finder");
  EXPECT_DOUBLE_EQ(fastai.lr(0), 1e-7);
  EXPECT_DOUBLE_EQ(fastai.lr(50), std::sqrt(1e-7 * 10));
  EXPECT_LT(fastai.lr(99), 10);
  EXPECT_DOUBLE_EQ(other.lr(99), 10);
}

TEST(RangeTestRates, OrdinaryRunsHaveNone) { EXPECT_FALSE(RangeTest::from(RunConfig())); }

TEST(RangeTestRates, MustRise) {
  RunConfig config;
  config.set("lr_find.procedure", "fastai");
  config.set("lr_find.start_lr", 10);
  EXPECT_THAT([&] { config.check(); }, testing::ThrowsMessage<Error>(HasSubstr("lr_find.end_lr")));
}

TEST(RangeCurve, FastaiStopsAboveFourTimesTheLeast) {
  RangeCurve curve(RangeSmoothing::fastai);
  curve.add(1e-3, 1.0);
  EXPECT_NEAR(curve.points().back().smoothed, 1.0, 1e-12);
  curve.add(2e-3, 3.0);
  EXPECT_DOUBLE_EQ(curve.points().back().smoothed, (0.98 * 0.02 * 1.0 + 0.02 * 3.0) / (1 - 0.98 * 0.98));
  EXPECT_FALSE(curve.over());
  curve.add(4e-3, 50.0);
  EXPECT_TRUE(curve.over());
  EXPECT_EQ(curve.stopped(), "diverged");
}

TEST(RangeCurve, PytorchLrFinderStopsAboveFiveTimesTheLeast) {
  RangeCurve curve(RangeSmoothing::pytorch_lr_finder);
  curve.add(1e-3, 1.0);
  curve.add(2e-3, 2.0);
  EXPECT_DOUBLE_EQ(curve.points().back().smoothed, 0.05 * 2.0 + 0.95);
  curve.add(4e-3, 81.0);  // S = 5.0475
  EXPECT_EQ(curve.stopped(), "diverged");
}

TEST(RangeCurve, IsOverWithANaN) {
  RangeCurve curve(RangeSmoothing::fastai);
  curve.add(1e-3, 1.0);
  curve.add(2e-3, NAN);
  EXPECT_TRUE(curve.over());
  EXPECT_EQ(curve.stopped(), "not finite");
}

/// Losses 1 − k/40 over rates that double.
std::vector<RangePoint> falling(std::size_t count) {
  std::vector<RangePoint> points;
  for (std::size_t k = 0; k < count; ++k) {
    const double loss = 1 - static_cast<double>(k) / 40;
    points.push_back({1e-6 * std::pow(2.0, static_cast<double>(k)), loss, loss});
  }
  return points;
}

LrSuggestion rule(const LrSuggestions& found, const std::string& name) {
  return *std::ranges::find(found.rules, name, &LrSuggestion::rule);
}

TEST(LrSuggestions, AreNeverMadeOfFewerThanTwentyPoints) {
  for (const LrSuggestion& each : suggest_lr(falling(19)).rules) {
    EXPECT_FALSE(each.lr) << each.rule;
    EXPECT_THAT(each.why, HasSubstr("19 points are too few"));
  }
  EXPECT_TRUE(suggest_lr(falling(20)).rules.front().lr);
}

TEST(LrSuggestions, ATestThatEndedInNaNLosesNoPointBeforeIt) {
  // As if it had gone on: what would be the last five are NaN.
  std::vector<RangePoint> points = falling(30);
  points.push_back({points.back().lr * 2, NAN, NAN});
  EXPECT_DOUBLE_EQ(*suggest_lr(points, 100).rules[2].lr, points[29].lr / 10);
  EXPECT_DOUBLE_EQ(*suggest_lr(points).rules[2].lr, points[25].lr / 10);  // A recording may have ended there.
}

TEST(LrSuggestions, SayNothingOfALossThatNeverFalls) {
  std::vector<RangePoint> points = falling(40);
  for (RangePoint& point : points) point.smoothed = point.loss = 2 - point.loss;
  const LrSuggestions found = suggest_lr(points);
  for (const char* name : {"valley", "steep", "minimum", "slide", "pytorch-lr-finder", "fall-1000"})
    EXPECT_FALSE(rule(found, name).lr) << name;
  EXPECT_THAT(found.doubts, testing::ElementsAre(HasSubstr("least where the test begins")));
}

TEST(LrSuggestions, SayNothingOfALossThatIsFlatButForRoundingUntilItRises) {
  std::vector<RangePoint> points = falling(60);
  for (std::size_t k = 0; k < points.size(); ++k)
    points[k].smoothed = points[k].loss =
        k < 40 ? 0.7 + (k % 2 == 0 ? 1e-16 : 0) : 0.7 + 0.1 * static_cast<double>(k - 39);
  for (const LrSuggestion& each : suggest_lr(points).rules) {
    EXPECT_FALSE(each.lr) << each.rule;
    EXPECT_THAT(each.why, HasSubstr("never falls")) << each.rule;
  }
}

/// A loss that falls with the sum of the learning rates so far, and diverges from 1 on.
RangeCurve gradient_flow(int steps) {
  RangeCurve curve(RangeSmoothing::fastai);
  double sum = 0;
  for (int k = 0; k < steps; ++k) {
    const double lr = 1e-7 * std::pow(1e8, static_cast<double>(k) / steps);
    sum += lr;
    curve.add(lr, 0.2 + 0.5 * std::exp(-3 * sum) + std::pow(lr, 4));
  }
  return curve;
}

TEST(LrSuggestions, OfATenthOfTheStepsOneIsAsOfAThousand) {
  const auto decades_apart = [](const char* name) {
    const auto lr = [&](int steps) { return *rule(suggest_lr(gradient_flow(steps).points(), steps), name).lr; };
    return std::abs(std::log10(lr(100) / lr(1000)));
  };
  EXPECT_LT(decades_apart("fall-1000"), 0.1);
  EXPECT_GT(decades_apart("steep"), 0.8);
}

TEST(LrSuggestions, AFallFromOnePointToTheNextIsNoValley) {
  std::vector<RangePoint> points = falling(40);
  for (std::size_t k = 0; k < points.size(); ++k) points[k].smoothed = points[k].loss = k < 5 ? 1 : 0.9;
  EXPECT_FALSE(suggest_lr(points).rules.front().lr);
}

TEST(LrSuggestions, CountThePointsBeforeTheFirstThatIsNotFinite) {
  std::vector<RangePoint> points = falling(60);
  for (std::size_t k = 19; k < points.size(); ++k) points[k].smoothed = points[k].loss = NAN;
  const LrSuggestions found = suggest_lr(points);
  EXPECT_THAT(found.rules.front().why, HasSubstr("19 points are too few"));
  EXPECT_THAT(found.doubts, testing::ElementsAre(HasSubstr("is not finite")));
}

TEST(RangeCurve, AnInfiniteLossHasDivergedAndOneBelowZeroIsNoThreshold) {
  RangeCurve infinite(RangeSmoothing::fastai), negative(RangeSmoothing::fastai);
  infinite.add(1e-3, INFINITY);
  EXPECT_EQ(infinite.stopped(), "diverged");
  negative.add(1e-3, -1);
  negative.add(2e-3, -0.5);
  EXPECT_EQ(negative.stopped(), "end of range");
}

TEST(LrSuggestions, ALossThatNeverMovesSuggestsNothing) {
  std::vector<RangePoint> points = falling(40);
  for (RangePoint& point : points) point.smoothed = point.loss = 0.7;
  for (const LrSuggestion& each : suggest_lr(points).rules) EXPECT_FALSE(each.lr) << each.rule;
}

TEST(LrSuggestions, DoubtWhatSingleBatchesCouldHaveMade) {
  std::vector<RangePoint> points = falling(40);
  for (std::size_t k = 0; k < points.size(); ++k) {
    points[k].smoothed = 1 - static_cast<double>(k) / 4000;
    points[k].loss = points[k].smoothed + (k % 2 ? 0.1 : -0.1);
  }
  EXPECT_THAT(suggest_lr(points).doubts, testing::Contains(HasSubstr("may be chance")));
}

TEST(LrSuggestions, OfNoiseAloneOneCannotTellAndTheOthersAreDoubted) {
  std::mt19937 random(1);
  std::normal_distribution<double> noise(0, 0.05);
  for (const int points : {20, 40, 100, 400}) {
    int told = 0, doubted = 0;
    constexpr int kTests = 200;
    for (int test = 0; test < kTests; ++test) {
      RangeCurve curve(test % 2 ? RangeSmoothing::fastai : RangeSmoothing::pytorch_lr_finder);
      for (int k = 0; k < points; ++k) curve.add(1e-7 * std::pow(1e8, k / 100.0), 0.7 + noise(random));
      const LrSuggestions found = suggest_lr(curve.points());
      told += rule(found, "fall-1000").lr.has_value();
      for (const std::string& doubt : found.doubts) doubted += doubt.find("may be chance") != std::string::npos;
    }
    EXPECT_LE(told, kTests / 25) << points << " points";
    EXPECT_GE(doubted, kTests * 9 / 10) << points << " points";
  }
}

TEST(LrSuggestions, AFallFromWhereTheLossWasThrownToDoesNotCount) {
  std::vector<RangePoint> points = falling(60);
  for (std::size_t k = 20; k < points.size(); ++k) {
    const auto far = static_cast<double>(k);
    points[k].loss = points[k].smoothed = k < 32 ? 0.7 - 0.04 * (far - 19) : 2.4 - 0.07 * (far - 32);
  }
  for (std::size_t k = 0; k < 20; ++k) points[k].loss = points[k].smoothed = 0.7;
  const double as_long = 1 / std::log10(2.0) / 125;  // These have 1 / log₁₀ 2 steps a decade.
  EXPECT_DOUBLE_EQ(*rule(suggest_lr(points), "fall-1000").lr, points[29].lr * as_long);
  EXPECT_GT(*rule(suggest_lr(points), "steep").lr, points[32].lr / 2);
}

TEST(LrSuggestions, SayThatATestWentOnAfterItDiverged) {
  std::vector<RangePoint> points = falling(40);
  for (std::size_t k = 30; k < points.size(); ++k)
    points[k].smoothed = points[k].loss = 9 - static_cast<double>(k) / 10;
  EXPECT_THAT(suggest_lr(points).doubts, testing::ElementsAre(HasSubstr("the test went on")));
}

TEST(LrSuggestions, DontAskForMoreWhereTheLossRoseAtTheEnd) {
  std::vector<RangePoint> points = falling(40);
  points.back().smoothed = points.back().loss = 10;
  EXPECT_THAT(suggest_lr(points).doubts, testing::IsEmpty());
}

TEST(LrSuggestions, SayThatTheRangeEndedTooEarly) {
  EXPECT_THAT(suggest_lr(falling(40)).doubts, testing::ElementsAre(HasSubstr("still falls at the end")));
}

TEST(LrSuggestions, SayThatSmoothingMayHideARiseAtTheEnd) {
  std::vector<RangePoint> points = falling(40);
  points.back().loss = 10;
  EXPECT_THAT(suggest_lr(points).doubts, testing::ElementsAre(HasSubstr("the loss itself rises")));
  // Slowly, and still below what is smoothed.
  points = falling(40);
  const double least = points[34].loss;
  for (std::size_t k = 35; k < points.size(); ++k) points[k].loss = least + 0.06 * static_cast<double>(k - 34);
  for (RangePoint& point : points) point.smoothed += 0.5;
  EXPECT_THAT(suggest_lr(points).doubts, testing::ElementsAre(HasSubstr("the loss itself rises")));
}

TEST(RecordedTests, AreReadInEveryUsualForm) {
  const RecordedTest wanted = {{1e-7, 0.75}, {2e-7, 0.5}};
  for (const char* text : {
           "1e-7,0.75\n2e-7,0.5\n",
           "\xef\xbb\xbflr,loss\r\n1e-7,0.75\r\n2e-7,0.5\r\n",
           "step\tloss\tlr\n0\t0.75\t1e-7\n1\t0.5\t2e-7",
           "1e-7 0.75\n\n# half way\n  2e-7   .5  \n",
           "\"Learning Rate\";\"Loss\"\n1e-7;+0.75\n2e-7;0.5\n",
           "loss,rate\n0.75,1e-7\n0.5,2e-7\n",
           R"([[1e-7, 0.75, "5\" NaN"], [2e-7, 0.5]])",
           "[[1e-7, 0.75], [2e-7, 0.5]]",
           R"([{"lr": 1e-7, "loss": 0.75}, {"lr": 2e-7, "loss": 0.5}])",
           R"({"lr": [1e-7, 2e-7], "loss": [0.75, 0.5]})",
           R"({"points": [[1e-7, 0.75, 0.7], [2e-7, 0.5, 0.6]], "stopped": "diverged"})",
       })
    EXPECT_EQ(recorded_test_from(text, "test"), wanted) << text;
}

TEST(RecordedTests, LoseWhatComesAfterTheyDiverged) {
  RecordedTest recorded;
  for (int k = 0; k < 60; ++k) recorded.emplace_back(1e-7 * std::pow(10, k / 8.0), k == 50 ? 500 : 1 - k / 80.0);
  const RangeCurve curve = curve_of(recorded, RangeSmoothing::fastai);
  EXPECT_EQ(curve.points().size(), 51u);
  EXPECT_EQ(curve.stopped(), "diverged");
  EXPECT_THAT(suggest_lr(recorded, curve).doubts, testing::Contains(HasSubstr("the 9 points after that are left out")));
}

TEST(RecordedTests, KeepLossesThatAreNotFinite) {
  for (const char* text : {"1e-7,nan\n2e-7,inf\n3e-7,-Inf", "[[1e-7, NaN], [2e-7, Infinity], [3e-7, -Infinity]]",
                           R"([[1e-7, "NaN"], [2e-7, "Infinity"], [3e-7, "-Infinity"]])"}) {
    const RecordedTest points = recorded_test_from(text, "test");
    ASSERT_EQ(points.size(), 3u) << text;
    EXPECT_TRUE(std::isnan(points[0].second));
    EXPECT_EQ(points[1].second, INFINITY);
    EXPECT_EQ(points[2].second, -INFINITY);
  }
}

TEST(RecordedTests, ThatCannotBeReadSayWhereAndWhatIsWanted) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "holds no points"},
      {"lr,loss\n", "holds no points"},
      {"1e-7,0.7\n2e-7,abc\n", "line 2: \"abc\" is no number"},
      {"lr,loss\n1e-05,0,997\n", "line 2: 3 cells, where there were 2 before. Are these decimal commas?"},
      {"\"1e-05\",\"0.9\"\n\"2e-05\",\"0,997\"\n", "line 2: 3 cells"},
      {"[[1e-7, 2e-7, 3e-7, 4e-7], [0.7, 0.6, 0.5, 0.4]]", "two lists without names"},
      {"1e-7,abc\n", "line 1: \"abc\" is no number"},
      {"1e-7\n2e-7\n", "line 1: 1 column without names"},
      {"1e-7,0.7\n2e-7\n", "line 2: there is no second number"},
      {"1,2,3\n", "line 1: 3 columns without names"},
      {"a,b,c\n1,2,3\n", "line 1: no columns are called lr and loss"},
      {"1e-7,0.7\n1e-7,0.6\n", "line 2: the learning rate 1e-07 does not rise"},
      {"0,0.7\n", "line 1: 0 is no learning rate"},
      {"-1,0.7\n", "line 1: -1 is no learning rate"},
      {"nan,0.7\n", "line 1: nan is no learning rate"},
      {"{}", "holds no list of points"},
      {"[1, 2]", "point 1: no learning rate and loss"},
      {"[[1]]", "point 1: no learning rate and loss"},
      {"[[1, null]]", "point 1: no learning rate and loss"},
      {R"({"lr": [1], "loss": []})", "1 learning rates and 0 losses"},
      {"[[1, 2]", "not JSON"},
  };
  for (const auto& [text, what] : cases)
    EXPECT_THAT([&] { recorded_test_from(text, "points.csv"); },
                testing::ThrowsMessage<Error>(testing::AllOf(HasSubstr(what), HasSubstr("points.csv"))))
        << text;
}

}  // namespace
}  // namespace ablate
