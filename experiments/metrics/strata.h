#pragma once

#include <span>
#include <string_view>

#include "experiments/metrics/plane.h"
#include "runs/types.h"

namespace ablate {

/// A group of samples: those whose value lies in [from, to), or [from, to] for the last of a list.
struct Stratum {
  std::string_view name;
  double from = 0;
  double to = 0;
};

/// By the share of the picture that is foreground: "area 0-.3", "area .3-.5", "area .5-.7", "area .7-.9", "area .9-1".
std::span<const Stratum> area_strata();

/// The share of a target's pixels that are above .5, in [0, 1]. NaN where the target has one.
double area_share(PlaneView target);

/// The stratum a value lies in. `strata` are ascending and without gaps. Throws Error for a value in none, NaN too, so
/// that no sample disappears.
const Stratum& stratum_of(std::span<const Stratum> strata, double value);

/// What can be computed from a picture to group samples by.
struct PictureKeys {
  /// The mean of all values of all colour channels / 255, in [0, 1].
  double brightness = 0;
  /// The variance over the pixels (divided by their number) of each colour channel / 255, averaged over the channels:
  /// a third of the trace of the colours' covariance. In [0, .25]. Light and shade count as well as hue.
  double colour_variance = 0;
  /// The variance over the pixels of the Laplacian (0 1 0, 1 −4 1, 0 1 0; the border mirrors the pixels beside the
  /// outermost ones) of the luma .299 R + .587 G + .114 B, on the scale of 0 to 255 so that it compares with what
  /// OpenCV's Laplacian(grey).var() gives (Pech-Pacheco et al., ICPR 2000). From 0; blurred pictures are below about
  /// 100.
  double sharpness = 0;
};

/// Of a grey, RGB or RGBA picture; transparency is not looked at. Throws Error for a picture without pixels, or with
/// another number of bytes than height · width · channels.
PictureKeys picture_keys(const Picture& picture);

}  // namespace ablate
