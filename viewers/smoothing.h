#pragma once

namespace ablate {

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

}  // namespace ablate
