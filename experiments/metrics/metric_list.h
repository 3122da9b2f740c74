#pragma once

#include <span>
#include <string_view>

#include "experiments/metrics/matting.h"
#include "experiments/metrics/plane.h"

namespace ablate {

enum class Better { higher, lower };

/// One number that a sample's prediction is measured by. Names carry scale and region, since published figures disagree
/// on them: "_div1000" and "_x1000" are applied already, "_unknown" looks only where the trimap is unknown, and without
/// it the whole plane counts.
struct Metric {
  std::string_view name;
  std::string_view meaning;  ///< one sentence for a person
  Better better = Better::higher;
  int smallest_side = 1;  ///< of the planes, in pixels; `value` throws Error below it
  /// Of a prediction and a target {H, W} in [0, 1] and the target's trimap of the same size, which is looked at only by
  /// metrics of the unknown region. A NaN in the prediction or the target gives NaN, never a number; psnr_max1 of equal
  /// planes is infinite. Throws Error where sizes differ. May be called from several threads at once.
  double (*value)(PlaneView prediction, PlaneView target, const Trimap& trimap) = nullptr;
};

/// The trimap that metrics are given: unknown is a band as wide as 2 % of the longer side, at least a pixel, on either
/// side of the target's edge.
Trimap metric_trimap(PlaneView target);

/// All of them, in the order in which to show them.
std::span<const Metric> all_metrics();

/// Throws Error, with the names there are, where there is none of this name.
const Metric& metric_named(std::string_view name);

}  // namespace ablate
