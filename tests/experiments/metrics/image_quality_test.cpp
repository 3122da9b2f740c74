#include "experiments/metrics/image_quality.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runs/error.h"

namespace ablate {
namespace {

Plane even(int height, int width, float value) {
  return {height, width, std::vector<float>(static_cast<std::size_t>(height) * static_cast<std::size_t>(width), value)};
}

TEST(ImageQuality, RmseAndPsnr) {
  const Plane p{1, 2, {0, .5F}}, y{1, 2, {0, 0}};
  EXPECT_DOUBLE_EQ(rmse(p, y), std::sqrt(.125));
  EXPECT_DOUBLE_EQ(psnr(p, y, 1), 10 * std::log10(8));
  EXPECT_DOUBLE_EQ(psnr(p, y, 2), 10 * std::log10(32));
  EXPECT_EQ(psnr(p, p, 1), std::numeric_limits<double>::infinity());
  EXPECT_THROW(psnr(p, y, 0), Error);
  EXPECT_THROW(rmse(p, even(2, 1, 0)), Error);
}

TEST(ImageQuality, PsnrDoesNotDependOnTheScaleOfRangeAndValuesTogether) {
  const Plane p{1, 2, {.25F, .5F}}, y{1, 2, {0, .75F}}, p255{1, 2, {63.75F, 127.5F}}, y255{1, 2, {0, 191.25F}};
  EXPECT_NEAR(psnr(p, y, 1), psnr(p255, y255, 255), 1e-12);
}

TEST(Ssim, OfFlatPlanesIsTheLuminanceTermAlone) {
  const double a = .25, b = .75, c1 = 1e-4;
  EXPECT_NEAR(ssim(even(11, 13, .25F), even(11, 13, .75F), 1), (2 * a * b + c1) / (a * a + b * b + c1), 1e-12);
  EXPECT_DOUBLE_EQ(ssim(even(11, 11, .3F), even(11, 11, .3F), 1), 1);
}

TEST(Ssim, NeedsAWindow) {
  EXPECT_THROW(ssim(even(10, 50, 0), even(10, 50, 0), 1), Error);
  EXPECT_THROW(ssim(even(50, 10, 0), even(50, 10, 0), 1), Error);
  EXPECT_THROW(ssim(even(11, 11, 0), even(11, 11, 0), 0), Error);
  EXPECT_THROW(ssim(even(11, 12, 0), even(12, 11, 0), 1), Error);
}

TEST(ImageQuality, NanGivesNan) {
  const Plane sound = even(12, 12, 0);
  Plane poisoned = sound;
  poisoned.values[0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(rmse(poisoned, sound)));
  EXPECT_TRUE(std::isnan(psnr(sound, poisoned, 1)));
  EXPECT_TRUE(std::isnan(ssim(poisoned, sound, 1)));
  EXPECT_TRUE(std::isnan(ssim(sound, poisoned, 1)));
}

}  // namespace
}  // namespace ablate
