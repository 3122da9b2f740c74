#include "experiments/metrics/metric_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>

#include "runs/error.h"

namespace ablate {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

/// A disc of radius 8 in a plane of 24 × 24, with a soft rim.
Plane soft_disc() {
  Plane plane{24, 24, {}};
  for (int y = 0; y < 24; ++y)
    for (int x = 0; x < 24; ++x)
      plane.values.push_back(std::clamp(static_cast<float>(8.5 - std::hypot(x - 12, y - 12)), 0.F, 1.F));
  return plane;
}

TEST(MetricList, HasEachNameOnceWithASentence) {
  std::set<std::string_view> names;
  for (const Metric& metric : all_metrics()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    EXPECT_TRUE(metric.meaning.ends_with('.')) << metric.name;
    EXPECT_EQ(&metric_named(metric.name), &metric);
  }
  for (const std::string name : {"iou", "soft_iou", "dice", "accuracy", "precision", "recall", "sad_div1000",
                                 "mse_x1000", "mad_x1000", "grad_div1000", "conn_div1000"}) {
    EXPECT_TRUE(names.contains(name)) << name;
    EXPECT_TRUE(names.contains(name + "_unknown")) << name;
  }
  EXPECT_THAT([] { metric_named("iuo"); }, ThrowsMessage<Error>(HasSubstr("soft_iou")));
}

TEST(MetricList, APerfectPredictionIsTheBestThereIs) {
  const Plane target = soft_disc();
  Plane worse = target;
  for (std::size_t i = 0; i < worse.values.size(); ++i)
    if (i % 5 == 0) worse.values[i] = 1 - worse.values[i];
  const Trimap trimap = trimap_of(target, 2);
  for (const Metric& metric : all_metrics()) {
    const double best = metric.value(target, target, trimap), other = metric.value(worse, target, trimap);
    if (metric.better == Better::lower) {
      EXPECT_EQ(best, 0) << metric.name;
      EXPECT_GT(other, best) << metric.name;
      continue;
    }
    EXPECT_LT(other, best) << metric.name;
    if (metric.name == "psnr_max1") {
      EXPECT_EQ(best, std::numeric_limits<double>::infinity());
    } else if (!metric.name.starts_with("soft_iou")) {  // Σy² is less than Σ(2y − y²) at soft pixels.
      EXPECT_NEAR(best, 1, 1e-12) << metric.name;
    }
  }
}

TEST(MetricList, OneNanAnywhereGivesNanInAll) {
  const Plane sound = soft_disc();
  const Trimap trimap = trimap_of(sound, 2);
  for (const std::size_t pixel : {0UL, 12UL * 24 + 12, 24UL * 24 - 1}) {
    Plane poisoned = sound;
    poisoned.values[pixel] = std::numeric_limits<float>::quiet_NaN();
    for (const Metric& metric : all_metrics()) {
      EXPECT_TRUE(std::isnan(metric.value(poisoned, sound, trimap))) << metric.name;
      EXPECT_TRUE(std::isnan(metric.value(sound, poisoned, trimap))) << metric.name;
    }
  }
}

TEST(MetricList, SaysHowSmallAPlaneMayBe) {
  for (const Metric& metric : all_metrics()) {
    const int side = metric.smallest_side;
    const Plane plane{side, side, std::vector<float>(static_cast<std::size_t>(side * side), 1)};
    EXPECT_NO_THROW(metric.value(plane, plane, trimap_of(plane, 1))) << metric.name;
    if (side == 1) continue;
    const Plane smaller{side, side - 1, std::vector<float>(static_cast<std::size_t>(side * (side - 1)), 1)};
    EXPECT_THROW(metric.value(smaller, smaller, trimap_of(smaller, 1)), Error) << metric.name;
  }
}

}  // namespace
}  // namespace ablate
