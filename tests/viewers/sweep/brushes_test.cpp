#include "viewers/sweep/brushes.h"

#include <gtest/gtest.h>

#include "tests/viewers/sweep/study_maker.h"

namespace ablate {
namespace {

/// lr 1e-4, 1e-3, 1e-2 and, of the last trial, none.
class BrushesTest : public testing::Test {
 protected:
  BrushesTest() {
    maker_.distributions = {{"lr", real(1e-5, 1e-1, true)}};
    for (const double lr : {1e-4, 1e-3, 1e-2}) maker_.add(TrialState::complete, {lr}, {{"lr", lr}});
    maker_.add(TrialState::complete, {5});
    axes_ = axes_of(maker_.study, nullptr);
  }
  const StudyAxis& lr() const { return axes_.parameters[0]; }
  std::vector<char> kept() const { return brushes_.kept(axes_, 4); }

  StudyMaker maker_;
  StudyAxes axes_;
  Brushes brushes_;
};

using Kept = std::vector<char>;

TEST_F(BrushesTest, WithoutAMarkEverythingIsKept) { EXPECT_EQ(kept(), (Kept{1, 1, 1, 1})); }

TEST_F(BrushesTest, AMarkKeepsWhatLiesWithinInEitherDirection) {
  brushes_.mark(lr(), 0.6, 0.2);  // 10^-4.2 to 10^-2.6.
  EXPECT_EQ(kept(), (Kept{1, 1, 0, 0}));
}

TEST_F(BrushesTest, AMarkBelowTheAxisKeepsTrialsWithoutAValue) {
  brushes_.mark(lr(), kAbsentPosition, kAbsentPosition * 0.9);
  EXPECT_EQ(kept(), (Kept{0, 0, 0, 1}));
  brushes_.mark(lr(), kAbsentPosition, 0.3);
  EXPECT_EQ(kept(), (Kept{1, 0, 0, 1}));
}

TEST_F(BrushesTest, MarksOfTwoAxesHoldTogether) {
  brushes_.mark(lr(), 0.2, 0.6);
  brushes_.mark(axes_.objectives[0], axes_.objectives[0].position(5e-4), 1);
  EXPECT_EQ(kept(), (Kept{0, 1, 0, 0}));
  brushes_.clear("lr");
  EXPECT_EQ(kept(), (Kept{0, 1, 1, 1}));
}

TEST_F(BrushesTest, WhatIsDrawnAtAnEndIsWithinAMarkThatReachesIt) {
  axes_.objectives[0].high = 1;  // The value 5 lies beyond.
  brushes_.mark(axes_.objectives[0], 0.5, 1.02);
  EXPECT_EQ(kept(), (Kept{0, 0, 0, 1}));
}

TEST_F(BrushesTest, AMarkIsDrawnWhereItWasMade) {
  brushes_.mark(lr(), 0.25, 0.75);
  const auto [from, to] = Brushes::positions(lr(), *brushes_.find("lr"));
  EXPECT_NEAR(from, 0.25, 1e-9);
  EXPECT_NEAR(to, 0.75, 1e-9);
  brushes_.mark(lr(), -0.2, -0.09);
  EXPECT_EQ(Brushes::positions(lr(), *brushes_.find("lr")), std::pair(kAbsentPosition, kAbsentPosition));
}

TEST_F(BrushesTest, AMarkStaysAtItsValuesWhenTheAxisGrows) {
  brushes_.mark(lr(), 0.6, 1);
  axes_.parameters[0].high = 10;
  EXPECT_EQ(kept(), (Kept{0, 0, 1, 0}));
}

}  // namespace
}  // namespace ablate
