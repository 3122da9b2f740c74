#pragma once

#include <vector>

#include "viewers/level_of_detail.h"

namespace ablate {

/// How far the curves of several runs lie apart.
enum class Spread {
  min_max,     ///< from the least to the greatest
  deviation,   ///< mean ± standard deviation (of a sample: n − 1)
  confidence,  ///< the mean's 95 % interval, by Student's t
};
inline constexpr const char* kSpreads[] = {"min–max", "std", "95 % CI"};

/// Several curves as one, of the same size each: at each x of any curve the mean over those that reach so far, and
/// their spread. Between its points a curve is straight; values that are not finite count for nothing.
struct Band {
  std::vector<double> x, mean, low, high;
  std::vector<int> runs;  ///< how many curves the mean is of
};
Band band_of(const std::vector<const PointsByX*>& curves, Spread spread);

}  // namespace ablate
