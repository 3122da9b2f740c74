#include "experiments/metrics/strata.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runs/error.h"

namespace ablate {
namespace {

TEST(Strata, AreHalfOpenButForTheLast) {
  const auto name = [](double share) { return stratum_of(area_strata(), share).name; };
  EXPECT_EQ(name(0), "area 0-.3");
  EXPECT_EQ(name(std::nextafter(.3, 0)), "area 0-.3");
  EXPECT_EQ(name(.3), "area .3-.5");
  EXPECT_EQ(name(.5), "area .5-.7");
  EXPECT_EQ(name(.7), "area .7-.9");
  EXPECT_EQ(name(.9), "area .9-1");
  EXPECT_EQ(name(1), "area .9-1");
  EXPECT_THROW(name(1.01), Error);
  EXPECT_THROW(name(-.01), Error);
  EXPECT_THROW(name(std::numeric_limits<double>::quiet_NaN()), Error);
}

TEST(Strata, AShareThatIsExactInTenthsFallsWhereItSays) {
  const Plane three_of_ten{1, 10, {1, 1, 1, 0, 0, 0, .5F, 0, 0, 0}};
  EXPECT_EQ(stratum_of(area_strata(), area_share(three_of_ten)).name, "area .3-.5");
  const Plane poisoned{1, 1, {std::numeric_limits<float>::quiet_NaN()}};
  EXPECT_TRUE(std::isnan(area_share(poisoned)));
}

TEST(PictureKeys, OfTwoColours) {
  // Red and black pixels: each channel's mean is .5, 0 and 0; red's variance is .25.
  const PictureKeys keys = picture_keys({1, 2, 3, {255, 0, 0, 0, 0, 0}});
  EXPECT_DOUBLE_EQ(keys.brightness, .5 / 3);
  EXPECT_DOUBLE_EQ(keys.colour_variance, .25 / 3);
  // The luma is 76.245 and 0; mirrored, the Laplacian is ∓2 · 76.245.
  EXPECT_NEAR(keys.sharpness, std::pow(2 * .299 * 255, 2), 1e-9);
}

TEST(PictureKeys, OfOneFlatColourVaryNowhere) {
  const PictureKeys keys = picture_keys({3, 2, 4, std::vector<std::uint8_t>(24, 51)});
  EXPECT_DOUBLE_EQ(keys.brightness, .2);
  EXPECT_DOUBLE_EQ(keys.colour_variance, 0);
  EXPECT_NEAR(keys.sharpness, 0, 1e-20);
}

TEST(PictureKeys, DoNotLookAtTransparency) {
  EXPECT_DOUBLE_EQ(picture_keys({1, 1, 4, {51, 51, 51, 255}}).brightness, .2);
  EXPECT_DOUBLE_EQ(picture_keys({1, 1, 1, {51}}).brightness, .2);
}

TEST(PictureKeys, RefuseWhatIsNoPicture) {
  EXPECT_THROW(picture_keys({}), Error);
  EXPECT_THROW(picture_keys({1, 1, 3, {1, 2}}), Error);
  EXPECT_THROW(picture_keys({1, 1, 2, {1, 2}}), Error);
}

}  // namespace
}  // namespace ablate
