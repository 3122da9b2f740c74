#include "experiments/metrics/segmentation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string_view>

#include "runs/error.h"

namespace ablate {
namespace {

const float kNan = std::numeric_limits<float>::quiet_NaN();

/// '#' is 1, '.' is 0; rows of one width, apart by spaces.
Plane drawn(std::string_view rows) {
  Plane plane{1, 0, {}};
  for (const char c : rows) {
    if (c == ' ')
      ++plane.height;
    else
      plane.values.push_back(c == '#' ? 1.F : 0.F);
  }
  plane.width = static_cast<int>(plane.values.size()) / plane.height;
  return plane;
}

TEST(Planes, RefuseWrongSizes) {
  const std::vector<float> six(6);
  EXPECT_NO_THROW(PlaneView(six, 2, 3));
  EXPECT_THROW(PlaneView(six, 2, 2), Error);
  EXPECT_THROW(PlaneView(six, -2, -3), Error);
  EXPECT_THROW(PlaneView({}, 0, 0), Error);
  EXPECT_THROW(iou(Plane{2, 3, six}, Plane{3, 2, six}), Error);
  const BitPlane region{3, 2, std::vector<std::uint8_t>(6)};
  EXPECT_THROW(iou(Plane{2, 3, six}, Plane{2, 3, six}, &region), Error);
}

TEST(Segmentation, CountsPixels) {
  const Plane p = drawn("##. .#."), y = drawn(".## .#.");  // both 2, p alone 1, y alone 1, neither 2
  EXPECT_DOUBLE_EQ(iou(p, y), 2. / 4);
  EXPECT_DOUBLE_EQ(soft_iou(p, y), 2. / 4);
  EXPECT_DOUBLE_EQ(dice(p, y), 4. / 6);
  EXPECT_DOUBLE_EQ(pixel_accuracy(p, y), 4. / 6);
  EXPECT_DOUBLE_EQ(precision(p, y), 2. / 3);
  EXPECT_DOUBLE_EQ(recall(p, y), 2. / 3);
}

TEST(Segmentation, AHalfIsBackground) {
  const Plane p{1, 2, {.5F, .51F}}, y{1, 2, {1, 1}};
  EXPECT_DOUBLE_EQ(iou(p, y), .5);
  EXPECT_DOUBLE_EQ(recall(p, y), .5);
  EXPECT_DOUBLE_EQ(precision(p, y), 1);
}

TEST(Segmentation, SoftIouNeedsNoThreshold) {
  const Plane p{1, 2, {.5F, 0}}, y{1, 2, {1, .25F}};
  EXPECT_DOUBLE_EQ(soft_iou(p, y), .5 / (1 + .25));
}

TEST(Segmentation, EmptyAgainstEmptyIsRightAndAgainstAnythingWrong) {
  const Plane none = drawn("..."), some = drawn("#..");
  for (const auto metric : {iou, soft_iou, dice, precision, recall}) {
    EXPECT_EQ(metric(none, none, nullptr), 1);
    EXPECT_EQ(metric(some, none, nullptr), 0);
    EXPECT_EQ(metric(none, some, nullptr), 0);
    EXPECT_EQ(metric(some, some, nullptr), 1);
  }
  EXPECT_EQ(pixel_accuracy(none, none), 1);
  EXPECT_DOUBLE_EQ(pixel_accuracy(none, some), 2. / 3);
}

TEST(Segmentation, LooksOnlyAtTheRegion) {
  const Plane p = drawn("##.."), y = drawn("#.#.");
  const BitPlane right_half{1, 4, {0, 0, 1, 1}}, nothing{1, 4, {0, 0, 0, 0}};
  EXPECT_EQ(iou(p, y, &right_half), 0);
  EXPECT_EQ(soft_iou(p, y, &right_half), 0);
  EXPECT_EQ(pixel_accuracy(p, y, &right_half), .5);
  for (const auto metric : {iou, soft_iou, dice, pixel_accuracy, precision, recall})
    EXPECT_EQ(metric(p, y, &nothing), 1);
}

TEST(Segmentation, NanGivesNanInsideOfTheRegionOrNot) {
  const Plane sound = drawn("##.");
  Plane poisoned = sound;
  poisoned.values[2] = kNan;
  const BitPlane left{1, 3, {1, 0, 0}};
  for (const auto metric : {iou, soft_iou, dice, pixel_accuracy, precision, recall}) {
    EXPECT_TRUE(std::isnan(metric(poisoned, sound, nullptr)));
    EXPECT_TRUE(std::isnan(metric(sound, poisoned, nullptr)));
    EXPECT_TRUE(std::isnan(metric(poisoned, sound, &left)));
  }
  EXPECT_TRUE(std::isnan(holes(poisoned, sound).number));
  EXPECT_TRUE(std::isnan(holes(poisoned, sound).area_share));
}

void expect_holes(std::string_view prediction, std::string_view target, double number, double pixels) {
  const Plane p = drawn(prediction);
  const Holes found = holes(p, drawn(target));
  EXPECT_EQ(found.number, number) << prediction;
  EXPECT_DOUBLE_EQ(found.area_share, pixels / static_cast<double>(p.values.size())) << prediction;
}

TEST(Holes, AreEnclosedBackgroundThatTheTargetFills) {
  expect_holes("##### #.#.# #####", "##### ##### #####", 2, 2);
  expect_holes("##### #...# #####", "##### ##### #####", 1, 3);
}

TEST(Holes, AGapThatTheTargetHasIsNone) {
  expect_holes("##### #...# #####", "##### #...# #####", 0, 0);
  expect_holes("##### #...# #####", "##### #.### #####", 1, 3);  // mostly filled in the target: counted whole
  expect_holes("##### #..## #####", "##### #.### #####", 0, 0);  // half is not most
}

TEST(Holes, WhatTouchesTheBorderIsNone) {
  expect_holes("##.## #...# #####", "##### ##### #####", 0, 0);
  expect_holes("... ... ...", "### ### ###", 0, 0);
  expect_holes(".", "#", 0, 0);
}

TEST(Holes, DoNotLeakThroughACorner) { expect_holes("###. #.#. ##.. ....", "#### #### #### ####", 1, 1); }

}  // namespace
}  // namespace ablate
