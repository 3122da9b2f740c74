#include "experiments/metrics/metric_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "experiments/metrics/image_quality.h"
#include "experiments/metrics/segmentation.h"
#include "runs/error.h"

namespace ablate {
namespace {

using RegionMetric = double (*)(PlaneView, PlaneView, const BitPlane*);

template <RegionMetric metric>
double everywhere(PlaneView prediction, PlaneView target, const Trimap&) {
  return metric(prediction, target, nullptr);
}

template <RegionMetric metric>
double where_unknown(PlaneView prediction, PlaneView target, const Trimap& trimap) {
  return metric(prediction, target, &trimap.unknown);
}

constexpr std::array kAllMetrics{
    Metric{"iou", "Intersection over union of the foreground above .5; 1 where both are empty.", Better::higher, 1,
           everywhere<iou>},
    Metric{"soft_iou", "Intersection over union of the values themselves, without a threshold.", Better::higher, 1,
           everywhere<soft_iou>},
    Metric{"dice", "Twice the intersection over the sum of both foregrounds above .5.", Better::higher, 1,
           everywhere<dice>},
    Metric{"accuracy", "Share of the pixels on the right side of .5.", Better::higher, 1, everywhere<pixel_accuracy>},
    Metric{"precision", "Share of the predicted foreground that is foreground in the target.", Better::higher, 1,
           everywhere<precision>},
    Metric{"recall", "Share of the target's foreground that is predicted as foreground.", Better::higher, 1,
           everywhere<recall>},
    Metric{"holes", "Number of holes in the predicted foreground that the target does not have.", Better::lower, 1,
           [](PlaneView p, PlaneView y, const Trimap&) { return holes(p, y).number; }},
    Metric{"holes_area", "Share of the plane that lies in holes which the target does not have.", Better::lower, 1,
           [](PlaneView p, PlaneView y, const Trimap&) { return holes(p, y).area_share; }},
    Metric{"sad_div1000", "Sum of the absolute differences of alpha, divided by 1000.", Better::lower, 1,
           everywhere<sad_div1000>},
    Metric{"mse_x1000", "Mean squared difference of alpha, times 1000.", Better::lower, 1, everywhere<mse_x1000>},
    Metric{"mad_x1000", "Mean absolute difference of alpha, times 1000.", Better::lower, 1, everywhere<mad_x1000>},
    Metric{"grad_div1000", "Sum of the squared differences of the gradients' lengths, divided by 1000.", Better::lower,
           1, everywhere<grad_div1000>},
    Metric{"conn_div1000", "Sum of how far pixels are cut off from the largest common part, divided by 1000.",
           Better::lower, 1, everywhere<conn_div1000>},
    Metric{"rmse", "Root of the mean squared difference, for values in [0, 1].", Better::lower, 1,
           [](PlaneView p, PlaneView y, const Trimap&) { return rmse(p, y); }},
    Metric{"psnr_max1", "Peak signal-to-noise ratio in decibels, for values in [0, 1].", Better::higher, 1,
           [](PlaneView p, PlaneView y, const Trimap&) { return psnr(p, y, 1); }},
    Metric{"ssim", "Mean structural similarity in Gaussian windows of 11 by 11 pixels, for values in [0, 1].",
           Better::higher, kSsimWindow, [](PlaneView p, PlaneView y, const Trimap&) { return ssim(p, y, 1); }},
    Metric{"iou_unknown", "Intersection over union above .5 where the trimap is unknown.", Better::higher, 1,
           where_unknown<iou>},
    Metric{"soft_iou_unknown", "Intersection over union of the values where the trimap is unknown.", Better::higher, 1,
           where_unknown<soft_iou>},
    Metric{"dice_unknown", "Twice the intersection over the sum of both where the trimap is unknown.", Better::higher,
           1, where_unknown<dice>},
    Metric{"accuracy_unknown", "Share of the pixels on the right side where the trimap is unknown.", Better::higher, 1,
           where_unknown<pixel_accuracy>},
    Metric{"precision_unknown", "Share of the predicted foreground that is right where the trimap is unknown.",
           Better::higher, 1, where_unknown<precision>},
    Metric{"recall_unknown", "Share of the target's foreground that is found where the trimap is unknown.",
           Better::higher, 1, where_unknown<recall>},
    Metric{"sad_div1000_unknown", "Sum of the absolute differences of alpha where the trimap is unknown, over 1000.",
           Better::lower, 1, where_unknown<sad_div1000>},
    Metric{"mse_x1000_unknown", "Mean squared difference of alpha where the trimap is unknown, times 1000.",
           Better::lower, 1, where_unknown<mse_x1000>},
    Metric{"mad_x1000_unknown", "Mean absolute difference of alpha where the trimap is unknown, times 1000.",
           Better::lower, 1, where_unknown<mad_x1000>},
    Metric{"grad_div1000_unknown",
           "Squared differences of the gradients' lengths where the trimap is unknown, over 1000.", Better::lower, 1,
           where_unknown<grad_div1000>},
    Metric{"conn_div1000_unknown", "Connectivity error, summed where the trimap is unknown, divided by 1000.",
           Better::lower, 1, where_unknown<conn_div1000>},
};

}  // namespace

Trimap metric_trimap(PlaneView target) {
  constexpr double kShare = 0.02;
  return trimap_of(target,
                   std::max(1, static_cast<int>(std::lround(kShare * std::max(target.height(), target.width())))));
}

std::span<const Metric> all_metrics() { return kAllMetrics; }

const Metric& metric_named(std::string_view name) {
  const auto found = std::ranges::find(kAllMetrics, name, &Metric::name);
  if (found != kAllMetrics.end()) return *found;
  std::string names;
  for (const Metric& metric : kAllMetrics) names += fmt::format("{}{}", names.empty() ? "" : ", ", metric.name);
  throw Error(fmt::format("there is no metric {:?}; there are: {}", name, names));
}

}  // namespace ablate
