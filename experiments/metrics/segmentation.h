#pragma once

#include "experiments/metrics/plane.h"

namespace ablate {

// Each function takes a prediction p and a target y, both {H, W} with values in [0, 1], and throws Error unless they
// are equally large. Foreground is what is above .5 (not .5 itself). P and Y are the foreground of each, |·| counts
// pixels. `only` limits the count to the pixels where it is yes; null is the whole plane, and a region without a pixel
// is as good as one where both are empty. A NaN anywhere in p or y, inside of `only` or not, gives NaN.

/// |P ∩ Y| / |P ∪ Y|. Both empty: 1; exactly one empty: 0.
double iou(PlaneView prediction, PlaneView target, const BitPlane* only = nullptr);

/// Σpy / Σ(p + y − py), without a threshold; for hard masks the same as iou. 1 where the divisor is 0 (both empty).
double soft_iou(PlaneView prediction, PlaneView target, const BitPlane* only = nullptr);

/// 2|P ∩ Y| / (|P| + |Y|), the F1 score of the pixels. Both empty: 1; exactly one empty: 0.
double dice(PlaneView prediction, PlaneView target, const BitPlane* only = nullptr);

/// The share of the pixels that are on the right side. 1 in a region without a pixel.
double pixel_accuracy(PlaneView prediction, PlaneView target, const BitPlane* only = nullptr);

/// |P ∩ Y| / |P|: how much of the predicted foreground is right. P empty: 1 if Y is empty too, otherwise 0.
double precision(PlaneView prediction, PlaneView target, const BitPlane* only = nullptr);

/// |P ∩ Y| / |Y|: how much of the foreground is found. Y empty: 1 if P is empty too, otherwise 0.
double recall(PlaneView prediction, PlaneView target, const BitPlane* only = nullptr);

/// The black holes in a predicted mask.
struct Holes {
  double number = 0;      ///< a whole number, or NaN
  double area_share = 0;  ///< their pixels / all pixels of the plane, in [0, 1]
};

/// A hole is a 4-connected component of the prediction's background that has no pixel on the plane's border (so the
/// predicted foreground encloses it) and more than half of whose pixels are foreground in the target: the gap between
/// an arm and the body is none. It is counted whole, with its pixels that are background in the target.
Holes holes(PlaneView prediction, PlaneView target);

}  // namespace ablate
