#pragma once

#include <Eigen/Core>
#include <functional>

namespace ablate {

/// A function's value at x, whose gradient it writes. What is not finite counts as larger than everything.
using Differentiable = std::function<double(const Eigen::VectorXd& x, Eigen::VectorXd& gradient)>;

struct Minimum {
  Eigen::VectorXd at;
  double value;
};

struct MinimumOptions {
  Eigen::VectorXd low, high;  ///< inclusive; may be infinite
  double gradient = 1e-5;     ///< is enough: no component of the gradient that leads inwards is larger
  int iterations = 200;
};

/// A local minimum by limited-memory BFGS (Nocedal 1980), steps being cut at the bounds (Bertsekas 1982) and halved
/// until they lower the value enough (Armijo 1966). Never above the value at `start`, which is cut at the bounds, too.
Minimum local_minimum(const Differentiable& function, const Eigen::VectorXd& start, const MinimumOptions& options);

}  // namespace ablate
