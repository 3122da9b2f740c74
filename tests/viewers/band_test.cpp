#include "viewers/curves/band.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "viewers/curves/run_groups.h"

namespace ablate {
namespace {

using Numbers = std::vector<double>;

TEST(Band, IsTheMeanAndTheSpreadOfCurvesAtEachPoint) {
  const Numbers x{0, 10}, a{1, 2}, b{3, 6}, c{5, 7};
  const SpanPoints first(x, a), second(x, b), third(x, c);
  const Band whole = band_of({&first, &second, &third}, Spread::min_max);
  EXPECT_EQ(whole.x, x);
  EXPECT_EQ(whole.mean, (Numbers{3, 5}));
  EXPECT_EQ(whole.low, (Numbers{1, 2}));
  EXPECT_EQ(whole.high, (Numbers{5, 7}));
  EXPECT_EQ(whole.runs, (std::vector<int>{3, 3}));
  EXPECT_NEAR(band_of({&first, &second, &third}, Spread::deviation).high[0], 3 + 2, 1e-12);
  // Student's t for two degrees of freedom: 4.302653.
  EXPECT_NEAR(band_of({&first, &second, &third}, Spread::confidence).low[0], 3 - 4.302652730 * 2 / std::sqrt(3), 1e-8);
  const Band alone = band_of({&first}, Spread::confidence);
  EXPECT_EQ(alone.low, a);
  EXPECT_EQ(alone.high, a);
}

TEST(Band, CurvesLoggedAtOtherStepsMeetOnTheLineBetween) {
  const Numbers x{0, 10, 20}, y{0, 10, 20}, other_x{5, 15, 30}, other_y{1, NAN, 26};
  const SpanPoints first(x, y), second(other_x, other_y);
  const Band band = band_of({&first, &second}, Spread::min_max);
  EXPECT_EQ(band.x, (Numbers{0, 5, 10, 20, 30}));
  EXPECT_EQ(band.runs, (std::vector<int>{1, 2, 2, 2, 1}));
  EXPECT_EQ(band.mean, (Numbers{0, 3, 8, 18, 26}));
}

RunView run_of(const char* variant, const char* norm, int seed) {
  RunView run;
  run.info.id = run.info.name = std::string(variant) + std::to_string(seed);
  run.info.run = std::make_shared<const nlohmann::json>(nlohmann::json{{"variant", variant}});
  auto config = std::make_shared<RunConfig>();
  config->set("model.norm", norm);
  config->set("train.seed", seed);
  run.config = config;
  return run;
}

TEST(RunGroups, RunsOfOneVariantAndOtherSeedsBelongTogether) {
  const RunView a = run_of("plain", "batch", 0), b = run_of("group norm", "group", 0), c = run_of("plain", "batch", 1);
  const std::vector<const RunView*> runs{&a, &b, &c};
  const std::vector<RunGroup> groups = grouped(runs, kAllButSeed);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].name, "plain");
  EXPECT_EQ(groups[0].runs, (std::vector<const RunView*>{&a, &c}));
  EXPECT_EQ(grouped(runs, "model.norm")[1].name, "model.norm = group");
  const std::vector<std::string> keys = group_keys(runs);
  EXPECT_NE(std::ranges::find(keys, "model.norm"), keys.end());
  EXPECT_NE(std::ranges::find(keys, "train.seed"), keys.end());
}

}  // namespace
}  // namespace ablate
