#include "viewers/sweep/contour_field.h"

#include <gtest/gtest.h>

#include "tests/viewers/sweep/study_maker.h"

namespace ablate {
namespace {

class ContourFieldTest : public testing::Test {
 protected:
  ContourFieldTest() {
    maker_.distributions = {{"x", real(0, 1)}, {"y", real(0, 1)}, {"norm", category({"batch", "none"})}};
  }
  ContourField field(std::size_t x, std::size_t y) const {
    const StudyAxes axes = axes_of(maker_.study, nullptr);
    return contour_field(maker_.study, axes.parameters[x], axes.parameters[y], axes.objectives[0]);
  }
  static double near(const ContourField& field, double x, double y) {
    return field.at(static_cast<int>(y * field.rows), static_cast<int>(x * field.columns));
  }
  StudyMaker maker_;
};

TEST_F(ContourFieldTest, ATrialIsSaidAroundItselfAndNothingFarFromAny) {
  maker_.add(TrialState::complete, {3}, {{"x", 0.2}, {"y", 0.3}});
  maker_.add(TrialState::complete, {7}, {{"x", 0.8}, {"y", 0.3}});
  const ContourField map = field(0, 1);
  EXPECT_EQ(map.trials, 2);
  EXPECT_NEAR(near(map, 0.2, 0.3), 3, 1e-6);
  EXPECT_NEAR(near(map, 0.22, 0.32), 3, 1e-6);
  EXPECT_NEAR(near(map, 0.8, 0.3), 7, 1e-6);
  EXPECT_TRUE(std::isnan(near(map, 0.5, 0.3)));
  EXPECT_TRUE(std::isnan(near(map, 0.2, 0.6)));
}

TEST_F(ContourFieldTest, BetweenTwoNeighboursLiesTheirMean) {
  maker_.add(TrialState::complete, {2}, {{"x", 0.47}, {"y", 0.5}});
  maker_.add(TrialState::complete, {4}, {{"x", 0.53}, {"y", 0.5}});
  EXPECT_NEAR(near(field(0, 1), 0.5, 0.5), 3, 0.2);
}

TEST_F(ContourFieldTest, OnlyCompleteTrialsThatHaveBothParametersCount) {
  maker_.add(TrialState::pruned, {9}, {{"x", 0.5}, {"y", 0.5}});
  maker_.add(TrialState::complete, {9}, {{"x", 0.5}});
  maker_.add(TrialState::complete, {1}, {{"x", 0.5}, {"y", 0.5}});
  const ContourField map = field(0, 1);
  EXPECT_EQ(map.trials, 1);
  EXPECT_NEAR(near(map, 0.5, 0.5), 1, 1e-9);
}

TEST_F(ContourFieldTest, OneCategorySaysNothingOfAnother) {
  maker_.add(TrialState::complete, {1}, {{"norm", 0}, {"x", 0.5}});
  const ContourField map = field(0, 1);  // norm, x
  EXPECT_EQ(map.columns, 2);
  EXPECT_NEAR(near(map, 0.25, 0.5), 1, 1e-9);
  EXPECT_TRUE(std::isnan(near(map, 0.75, 0.5)));
}

}  // namespace
}  // namespace ablate
