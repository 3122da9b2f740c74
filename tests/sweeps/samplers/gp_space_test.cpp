#include "sweeps/samplers/gp_space.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/sweeps/samplers/random_space.h"

namespace ablate {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

const SearchSpace kConditional({{"optimizer", choices({"sgd", "adam"}), {}},
                                {"momentum", real(0, .9), {{"optimizer", {0}}}},
                                {"nesterov", choices({false, true}), {{"optimizer", {0}}}}});

TEST(GpSpace, PlacesNumbersAsOptuna) {
  const GpSpace space(SearchSpace({{"a", real(1, 3), {}},
                                   {"b", real(1e-4, 1, true), {}},
                                   {"c", integer(0, 4), {}},
                                   {"d", integer(1, 4, true), {}},
                                   {"e", choices({"x", "y"}), {}},
                                   {"f", real(2, 2), {}}}));
  EXPECT_THAT(space.point({{"a", 1.5}, {"b", 1e-3}, {"c", 0}, {"d", 2}, {"e", 1}, {"f", 2}}),
              ElementsAre(.25, DoubleNear(.25, 1e-12), DoubleNear(.1, 1e-12),
                          DoubleNear(std::log(2 / .5) / std::log(4.5 / .5), 1e-12), 1, .5));
}

TEST(GpSpace, WhatDoesNotExistStandsInTheMiddleOrIsACategoryOfItsOwn) {
  const GpSpace space(kConditional);
  EXPECT_THAT(space.point({{"optimizer", 1}}), ElementsAre(1, .5, -1));
  EXPECT_THAT(space.point({{"optimizer", 1}, {"momentum", .9}, {"nesterov", 1}}), ElementsAre(1, .5, -1));
  EXPECT_THAT(space.point({{"optimizer", 0}, {"momentum", .9}, {"nesterov", 1}}), ElementsAre(0, 1, 1));
  EXPECT_THAT(space.active(space.point({{"optimizer", 1}})), ElementsAre(true, false, false));
}

TEST(GpSpace, WhatExistsMayHangOnAWholeNumber) {
  const GpSpace space(
      SearchSpace({{"depth", integer(1, 4), {}}, {"norm", choices({"batch", "none"}), {{"depth", {2, 4}}}}}));
  EXPECT_THAT(space.point({{"depth", 2}, {"norm", 1}}), ElementsAre(.375, 1));
  EXPECT_THAT(space.point({{"depth", 3}, {"norm", 1}}), ElementsAre(.625, -1));
  EXPECT_EQ(space.params(space.point({{"depth", 4}, {"norm", 1}})), (Params{{"depth", 4}, {"norm", 1}}));
  EXPECT_EQ(space.params(space.point({{"depth", 1}, {"norm", 1}})), (Params{{"depth", 1}}));
}

TEST(GpSpace, CompletesATrialByWhatItLacks) {
  const GpSpace space(kConditional);
  Eigen::VectorXd otherwise(3);
  otherwise << 0, .75, 1;
  EXPECT_THAT(space.completed(space.point({{"optimizer", 1}}), otherwise), ElementsAre(1, .75, 1));
  EXPECT_THAT(space.completed(space.point({{"optimizer", 0}, {"momentum", 5}, {"nesterov", 0}}), otherwise),
              ElementsAre(0, 1, 0));
}

TEST(GpSpace, ParametersComeBackFromTheirPoint) {
  std::mt19937_64 generator(4);
  for (int round = 0; round < 300; ++round) {
    const SearchSpace space = random_space(generator);
    const GpSpace coordinates(space);
    const Params params = random_params(space, generator);
    const Params back = coordinates.params(coordinates.point(params));
    expect_complete(space, back);
    for (const auto& [key, value] : params) EXPECT_NEAR(back.at(key), value, 1e-9 * std::abs(value)) << key;
    const Eigen::MatrixXd cover = coordinates.cover(20, generator());
    for (Eigen::Index i = 0; i < cover.rows(); ++i) expect_complete(space, coordinates.params(cover.row(i)));
  }
}

TEST(GpSpace, FindsEachValueOfAGridAgain) {
  const GpSpace space(
      SearchSpace({{"a", integer(1, 70, true), {}}, {"b", real(0, .7, false, .1), {}}, {"c", choices({1, 2, 3}), {}}}));
  for (Eigen::Index i = 0; i < 3; ++i)
    for (std::int64_t k = 0; k < space.count(i); ++k) EXPECT_EQ(space.nearest(i, space.value(i, k)), k);
}

}  // namespace
}  // namespace ablate
