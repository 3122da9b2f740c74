#pragma once

#include "experiments/metrics/plane.h"

namespace ablate {

// Errors of an alpha matte p against its target y, both {H, W} in [0, 1]; d = p − y. Each throws Error unless the two
// are equally large. `only` limits the sum to the pixels where it is yes (a trimap's unknown region, say); gradients
// and components are still those of the whole planes. Null is the whole plane. Over a region without a pixel there is
// no error: 0. A NaN anywhere in p or y, inside of `only` or not, gives NaN.
//
// The definitions are those of Rhemann et al., "A perceptually motivated online benchmark for image matting" (CVPR
// 2009), in the form of the evaluation published with Xu et al., "Deep image matting" (CVPR 2017).

/// Σ|d| / 1000, on alphas in [0, 1].
double sad_div1000(PlaneView prediction, PlaneView target, const BitPlane* only = nullptr);
/// 1000 · mean of d².
double mse_x1000(PlaneView prediction, PlaneView target, const BitPlane* only = nullptr);
/// 1000 · mean of |d|.
double mad_x1000(PlaneView prediction, PlaneView target, const BitPlane* only = nullptr);

/// Σ(|∇p| − |∇y|)² / 1000, with |∇·| the length of the two derivatives of a Gaussian with σ = 1.4. The kernel g(row)
/// g'(column), and its transpose, is cut at half size ⌈σ √(−2 ln(√(2π) σ ε))⌉ = 4 (ε = .01) and has L2 norm 1; beyond
/// the border the outermost pixels go on. The published evaluation prints the sum undivided, and in MATLAB first
/// stretches both planes to span exactly [0, 1] (mat2gray): that changes nothing where they do so anyway, and would
/// excuse a matte that is too faint, so it is not done here.
double grad_div1000(PlaneView prediction, PlaneView target, const BitPlane* only = nullptr);

/// Σ|φ(p) − φ(y)| / 1000, how far pixels are cut off from the largest common part. For the thresholds t = .1, .2, …, 1,
/// Ω_t is the largest 4-connected component of {p ≥ t and y ≥ t} (of equal ones, the first row by row; none: empty);
/// l is, for each pixel, the threshold before the first t whose Ω_t lacks it, or 1. Then φ(a) = 1 − d · [d ≥ .15] with
/// d = a − l. Thresholds are compared in single precision. The published evaluation prints the sum undivided.
double conn_div1000(PlaneView prediction, PlaneView target, const BitPlane* only = nullptr);

/// What is surely foreground, and what has to be found out; the rest is background.
struct Trimap {
  BitPlane foreground;
  BitPlane unknown;
};

/// The trimap of an alpha matte or a mask {H, W}: pixels within `width` (in pixels) of one that is neither 0 nor 1, or
/// of the other side, are unknown. That is: {a = 1} and {a = 0}, each eroded with the disc dx² + dy² ≤ width²; what
/// is in neither is unknown. Nothing is eroded from beyond the border. So a straight edge of a mask gets `width`
/// unknown pixels on either side, and 0 leaves only the soft pixels. 1 and 0 are what rounds to 255 and 0 in 8 bits;
/// NaN is unknown. Throws Error where width is negative.
Trimap trimap_of(PlaneView alpha, int width);

}  // namespace ablate
