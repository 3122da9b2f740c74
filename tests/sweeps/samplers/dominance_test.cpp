#include "sweeps/samplers/dominance.h"

#include <gmock/gmock.h>

#include <limits>
#include <random>

namespace ablate {
namespace {

using testing::UnorderedElementsAre;

TEST(Dominance, HypervolumeIsWhatIsBelow) {
  EXPECT_EQ(hypervolume({}, {1, 1}), 0);
  EXPECT_EQ(hypervolume({{1, 2}}, {3, 3}), 2);
  EXPECT_EQ(hypervolume({{1, 2}, {2, 1}, {2.5, 2.5}}, {3, 3}), 3);
  EXPECT_EQ(hypervolume({{0, 0, 1}, {0, 1, 0}, {1, 0, 0}}, {2, 2, 2}), 7);
  EXPECT_EQ(hypervolume({{0, 0, 0, 0}, {0, 0, 0, 0}}, {2, 1, 3, 1}), 6);
}

TEST(Dominance, HypervolumeEqualsTheShareOfPointsThatAreDominated) {
  std::mt19937_64 generator(1);
  std::uniform_real_distribution<double> uniform;
  for (std::size_t objectives = 2; objectives <= 5; ++objectives) {
    const auto point = [&] {
      Losses losses(objectives);
      std::ranges::generate(losses, [&] { return uniform(generator); });
      return losses;
    };
    std::vector<Losses> points(12);
    std::ranges::generate(points, point);
    constexpr int kDraws = 20000;
    int dominated = 0;
    for (int i = 0; i < kDraws; ++i) {
      const Losses drawn = point();
      dominated += std::ranges::any_of(
          points, [&](const Losses& each) { return std::ranges::equal(each, drawn, std::ranges::less_equal{}); });
    }
    EXPECT_NEAR(hypervolume(points, Losses(objectives, 1)), double(dominated) / kDraws, .02) << objectives;
  }
}

TEST(Dominance, TakesWholeFrontsFirst) {
  const std::vector<Losses> all{{5, 5}, {1, 3}, {2, 2}, {3, 1}, {3, 4}, {4, 3}};
  EXPECT_THAT(best_by_dominance(all, 3), UnorderedElementsAre(1, 2, 3));
  EXPECT_THAT(best_by_dominance(all, 5), UnorderedElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(best_by_dominance(all, 6), UnorderedElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_TRUE(best_by_dominance(all, 0).empty());
}

TEST(Dominance, OfAFrontTakesWhatAddsMostVolume) {
  // (2, 2) has the largest box below (4.4, 4.4); (1, 4) adds .4, (4, 1) as much, and stands behind it.
  const std::vector<Losses> all{{4, 1}, {2.1, 1.95}, {2, 2}, {1, 4}};
  EXPECT_THAT(best_by_dominance(all, 1), UnorderedElementsAre(2));
  EXPECT_THAT(best_by_dominance(all, 2), UnorderedElementsAre(2, 3));
}

TEST(Dominance, EqualOnesComeLast) {
  const std::vector<Losses> all{{1, 2}, {1, 2}, {1, 2}, {2, 1}};
  EXPECT_THAT(best_by_dominance(all, 2), UnorderedElementsAre(0, 3));
  EXPECT_THAT(best_by_dominance(all, 3), UnorderedElementsAre(0, 1, 3));
}

TEST(Dominance, InfinitiesDontStopIt) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(best_by_dominance({{1, infinity}, {infinity, 1}, {infinity, 0}}, 1).size(), 1u);
  EXPECT_EQ(best_by_dominance({{1, -infinity}, {-infinity, 1}, {0, 0}}, 2).size(), 2u);
}

}  // namespace
}  // namespace ablate
