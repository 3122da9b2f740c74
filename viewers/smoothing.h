#pragma once

#include <vector>

namespace ablate {

enum class SmoothingKind {
  exponential,  ///< TensorBoard's
  gaussian,
  median,
};

/// How a line is smoothed: all kinds are about as wide as 1 / (1 − weight) points.
struct Smoothing {
  SmoothingKind kind = SmoothingKind::exponential;
  double weight = 0;  ///< in [0, 1): 0 changes nothing

  Smoothing() = default;
  Smoothing(double exponential) : weight(exponential) {}  // NOLINT: what nearly all mean
  Smoothing(SmoothingKind which, double how_much) : kind(which), weight(how_much) {}
  double points() const { return 1 / (1 - weight); }
  bool operator==(const Smoothing&) const = default;
};

/// TensorBoard's smoothing: an exponential mean that starts at 0 and is divided by the weight that it has gathered, so
/// that the beginning is not pulled towards 0:  m ← w·m + (1−w)·v,  smoothed = m / (1 − wⁿ). A value that is not finite
/// comes out as it is, and leaves no trace in what follows.
class Smoother {
 public:
  /// `weight` in [0, 1): 0 changes nothing.
  explicit Smoother(double weight) : weight_(weight) {}
  /// The next value of the series, smoothed.
  double next(double value);

 private:
  double weight_;
  double mean_ = 0;
  double forgotten_ = 1;  ///< wⁿ
};

/// Means of neighbours on both sides, weighted by a Gaussian of that standard deviation, in points, that is cut at 3 σ;
/// from 8 points on three running means, which are as near as a hundredth of it. Values that are not finite come out as
/// they are, and leave no trace in others.
std::vector<double> gaussian_smoothed(const std::vector<double>& values, double sigma);

/// Of each value and its `half` neighbours on either side, those that are finite: the median (of an even number the
/// mean of both in the middle), the least and the greatest. Values that are not finite come out as they are.
struct RunningMedian {
  std::vector<double> median, low, high;
};
RunningMedian running_median(const std::vector<double>& values, std::size_t half);

}  // namespace ablate
