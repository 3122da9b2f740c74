#pragma once

#include "experiments/metrics/plane.h"

namespace ablate {

// How alike two planes p and y {H, W} are, in whatever range their values are. Each throws Error unless they are
// equally large. A NaN anywhere in p or y gives NaN.

/// √ of the mean of (p − y)², in the unit of the planes.
double rmse(PlaneView prediction, PlaneView target);

/// 10 log₁₀(max² / mean of (p − y)²) in decibels; infinite where the planes are equal. `max` is the largest difference
/// two values can have: 1 for [0, 1], 255 for 8 bits, 2 for [−1, 1]. Throws Error unless it is above 0.
double psnr(PlaneView prediction, PlaneView target, double max);

/// The smallest height and width that ssim takes: its window.
constexpr int kSsimWindow = 11;

/// The mean structural similarity of Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error
/// visibility to structural similarity" (IEEE TIP 2004): (2μpμy + C₁)(2σpy + C₂) / ((μp² + μy² + C₁)(σp² + σy² + C₂)),
/// C₁ = (.01 L)², C₂ = (.03 L)², L = `data_range` (1 for [0, 1]), with the statistics of a Gaussian window of 11 × 11
/// pixels, σ 1.5, weights summing to 1, covariances divided by that sum (biased). Averaged over the pixels whose
/// window lies inside of the plane. This is what scikit-image's structural_similarity(p, y, gaussian_weights=True,
/// sigma=1.5, use_sample_covariance=False, data_range=L) gives for float64 planes. In [−1, 1]; equal planes have 1.
/// Throws Error where a side is below kSsimWindow, or unless data_range is above 0.
double ssim(PlaneView prediction, PlaneView target, double data_range);

}  // namespace ablate
