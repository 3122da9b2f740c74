#include "experiments/metrics/matting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runs/error.h"

namespace ablate {
namespace {

using testing::ElementsAre;

const float kNoNumber = std::numeric_limits<float>::quiet_NaN();

Plane row(std::vector<float> values) {
  const int width = static_cast<int>(values.size());
  return {1, width, std::move(values)};
}

Plane flat(int height, int width, float value) {
  return {height, width, std::vector<float>(static_cast<std::size_t>(height) * static_cast<std::size_t>(width), value)};
}

TEST(Matting, SumsAndMeansOfDifferences) {
  const Plane p = row({1, .5F, 0, 0}), y = row({1, 1, .25F, 0});  // .5 and .25
  EXPECT_DOUBLE_EQ(sad_div1000(p, y), .75 / 1000);
  EXPECT_DOUBLE_EQ(mse_x1000(p, y), (.25 + .0625) / 4 * 1000);
  EXPECT_DOUBLE_EQ(mad_x1000(p, y), .75 / 4 * 1000);
  const BitPlane second{1, 4, {0, 1, 0, 0}};
  EXPECT_DOUBLE_EQ(sad_div1000(p, y, &second), .5 / 1000);
  EXPECT_DOUBLE_EQ(mse_x1000(p, y, &second), 250);
  EXPECT_DOUBLE_EQ(mad_x1000(p, y, &second), 500);
}

TEST(Matting, NothingIsWrongWithEqualPlanesOrInARegionWithoutPixels) {
  const Plane p = row({0, .3F, .7F, 1}), y = row({1, 0, 1, 0});
  const BitPlane nothing{1, 4, {0, 0, 0, 0}};
  for (const auto metric : {sad_div1000, mse_x1000, mad_x1000, grad_div1000, conn_div1000}) {
    EXPECT_EQ(metric(p, p, nullptr), 0);
    EXPECT_EQ(metric(p, y, &nothing), 0);
    EXPECT_GT(metric(p, y, nullptr), 0);
  }
}

TEST(Matting, NanGivesNanInsideOfTheRegionOrNot) {
  const Plane sound = row({0, .3F, .7F, 1}), poisoned = row({0, kNoNumber, .7F, 1});
  const BitPlane last{1, 4, {0, 0, 0, 1}};
  for (const auto metric : {sad_div1000, mse_x1000, mad_x1000, grad_div1000, conn_div1000}) {
    EXPECT_TRUE(std::isnan(metric(poisoned, sound, nullptr)));
    EXPECT_TRUE(std::isnan(metric(sound, poisoned, nullptr)));
    EXPECT_TRUE(std::isnan(metric(poisoned, sound, &last)));
  }
}

TEST(Matting, RefusesAnotherSize) {
  for (const auto metric : {sad_div1000, mse_x1000, mad_x1000, grad_div1000, conn_div1000})
    EXPECT_THROW(metric(flat(2, 3, 0), flat(3, 2, 0), nullptr), Error);
}

TEST(Grad, DoesNotSeeAConstant) { EXPECT_NEAR(grad_div1000(flat(6, 7, .2F), flat(6, 7, .9F)), 0, 1e-20); }

// Along a straight edge, the smoothing kernel of unit length sums to s, the slope's samples give the edge's profile.
TEST(Grad, OfAStraightEdgeIsItsClosedForm) {
  Plane edge = flat(3, 40, 0);
  for (int y = 0; y < 3; ++y)
    for (int x = 20; x < 40; ++x) edge.values[static_cast<std::size_t>(y * 40 + x)] = 1;
  double smooth_squares = 0, slope_squares = 0, smooth_sum = 0;
  for (int x = -4; x <= 4; ++x) {
    const double g = std::exp(-x * x / (2 * 1.4 * 1.4));
    smooth_squares += g * g;
    smooth_sum += g;
    slope_squares += x * g * x * g;
  }
  double wanted = 0;
  for (int x = 0; x < 40; ++x) {
    double slope = 0;
    for (int k = -4; k <= 4; ++k)
      if (x + k >= 20) slope += k * std::exp(-k * k / (2 * 1.4 * 1.4));
    wanted += 3 * std::pow(slope * smooth_sum, 2) / (smooth_squares * slope_squares);
  }
  EXPECT_NEAR(grad_div1000(edge, flat(3, 40, 0)), wanted / 1000, 1e-9);
}

TEST(Conn, CountsWhatIsCutOffFromTheLargestPart) {
  // The common part is the left pair. The right pixel, 1 in both, is cut off from t = .1 on: l = 0, and φ is equal.
  EXPECT_EQ(conn_div1000(row({1, 1, 0, 1}), row({1, 1, 0, 1})), 0);
  // It is missing in the prediction: φ(p) = 1, φ(y) = 1 − 1.
  EXPECT_DOUBLE_EQ(conn_div1000(row({1, 1, 0, 0}), row({1, 1, 0, 1})), 1. / 1000);
  // Connected down to .5: l = .5, φ(p) = 1 and φ(y) = 1 − .5.
  EXPECT_DOUBLE_EQ(conn_div1000(row({1, 1, .5F}), row({1, 1, 1})), .5 / 1000);
  // .1 is below the tolerance of .15.
  EXPECT_EQ(conn_div1000(row({1, 1, .9F}), row({1, 1, 1})), 0);
}

TEST(Conn, IsFourConnectedAndTakesTheFirstOfEqualParts) {
  // Two pixels that share a corner are two parts; the upper left one is the largest. At the other one l = 0, so that
  // φ(p) = 1 − .5 and φ(y) = 1 − 1; at the first l = .5.
  const Plane p{2, 2, {.5F, 0, 0, .5F}}, y{2, 2, {1, 0, 0, 1}};
  const BitPlane second{2, 2, {0, 0, 0, 1}}, first{2, 2, {1, 0, 0, 0}};
  EXPECT_DOUBLE_EQ(conn_div1000(p, y, &second), .5 / 1000);
  EXPECT_DOUBLE_EQ(conn_div1000(p, y, &first), .5 / 1000);
  const Plane fainter{2, 2, {.9F, 0, 0, .9F}};
  EXPECT_EQ(conn_div1000(fainter, y, &first), 0);
  EXPECT_NEAR(conn_div1000(fainter, y, &second), .1 / 1000, 1e-9);
}

TEST(Conn, EmptyPlanesAgree) { EXPECT_EQ(conn_div1000(flat(4, 4, 0), flat(4, 4, 0)), 0); }

TEST(Trimap, IsUnknownOnBothSidesOfAnEdge) {
  const Plane edge = row({0, 0, 0, 0, 1, 1, 1, 1});
  EXPECT_THAT(trimap_of(edge, 0).unknown.values, ElementsAre(0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(trimap_of(edge, 1).unknown.values, ElementsAre(0, 0, 0, 1, 1, 0, 0, 0));
  EXPECT_THAT(trimap_of(edge, 2).unknown.values, ElementsAre(0, 0, 1, 1, 1, 1, 0, 0));
  EXPECT_THAT(trimap_of(edge, 2).foreground.values, ElementsAre(0, 0, 0, 0, 0, 0, 1, 1));
  EXPECT_EQ(trimap_of(edge, 100).unknown.count(), 8U);
}

TEST(Trimap, IsUnknownAroundSoftValuesAndAtNan) {
  EXPECT_THAT(trimap_of(row({0, 0, .5F, 1, 1}), 0).unknown.values, ElementsAre(0, 0, 1, 0, 0));
  EXPECT_THAT(trimap_of(row({0, 0, .5F, 1, 1}), 1).unknown.values, ElementsAre(0, 1, 1, 1, 0));
  EXPECT_THAT(trimap_of(row({0, .001F, .998F + .001F, kNoNumber}), 0).unknown.values, ElementsAre(0, 0, 0, 1));
}

TEST(Trimap, GrowsByADisc) {
  Plane dot = flat(7, 7, 0);
  dot.values[3 * 7 + 3] = .5F;
  EXPECT_EQ(trimap_of(dot, 1).unknown.count(), 5U);
  EXPECT_EQ(trimap_of(dot, 2).unknown.count(), 13U);
  EXPECT_EQ(trimap_of(dot, 3).unknown.count(), 29U);
}

TEST(Trimap, OfOneSideAloneIsKnown) {
  EXPECT_EQ(trimap_of(flat(3, 3, 1), 5).unknown.count(), 0U);
  EXPECT_EQ(trimap_of(flat(3, 3, 1), 5).foreground.count(), 9U);
  EXPECT_EQ(trimap_of(flat(3, 3, 0), 5).foreground.count(), 0U);
  EXPECT_THROW(trimap_of(flat(3, 3, 0), -1), Error);
}

}  // namespace
}  // namespace ablate
