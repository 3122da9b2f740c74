#include "sweeps/samplers/bounded_minimum.h"

#include <algorithm>
#include <cmath>
#include <deque>

namespace ablate {
namespace {

using Eigen::VectorXd;

constexpr std::size_t kRemembered = 10;   ///< pairs of step and change of gradient
constexpr int kHalvings = 30;             ///< of one step
constexpr double kEnoughDecrease = 1e-4;  ///< of what the gradient promises
constexpr double kNoDecrease = 2e-9;      ///< of the value: as SciPy's L-BFGS-B ends
constexpr double kCurved = 1e-10;         ///< a pair with less curvature is not remembered

/// What past steps say about the function's curvature.
class InverseHessian {
 public:
  void clear() { pairs_.clear(); }
  bool empty() const { return pairs_.empty(); }

  void remember(const VectorXd& step, const VectorXd& change) {
    if (step.dot(change) <= kCurved * step.norm() * change.norm()) return;
    pairs_.push_back({step, change});
    if (pairs_.size() > kRemembered) pairs_.pop_front();
  }

  /// Its product with a vector (the two loops of Nocedal 1980).
  VectorXd times(VectorXd vector) const {
    if (pairs_.empty()) return vector;
    std::deque<double> shares;
    for (auto pair = pairs_.rbegin(); pair != pairs_.rend(); ++pair) {
      shares.push_front(pair->step.dot(vector) / pair->step.dot(pair->change));
      vector -= shares.front() * pair->change;
    }
    vector *= pairs_.back().step.dot(pairs_.back().change) / pairs_.back().change.squaredNorm();
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const auto& [step, change] = pairs_[i];
      vector += (shares[i] - change.dot(vector) / step.dot(change)) * step;
    }
    return vector;
  }

 private:
  struct Pair {
    VectorXd step, change;
  };
  std::deque<Pair> pairs_;
};

}  // namespace

Minimum local_minimum(const Differentiable& function, const VectorXd& start, const MinimumOptions& options) {
  const auto within = [&](const VectorXd& x) -> VectorXd { return x.cwiseMax(options.low).cwiseMin(options.high); };
  VectorXd x = within(start), gradient(x.size()), next_gradient(x.size());
  double value = function(x, gradient);
  InverseHessian curvature;
  for (int i = 0; i < options.iterations; ++i) {
    if (!std::isfinite(value) || !((within(x - gradient) - x).lpNorm<Eigen::Infinity>() > options.gradient)) break;
    // What stands at a bound that it is driven against stays there.
    const VectorXd held = ((x.array() <= options.low.array() && gradient.array() > 0) ||
                           (x.array() >= options.high.array() && gradient.array() < 0))
                              .cast<double>();
    const VectorXd inwards = gradient.array() * (1 - held.array());
    VectorXd direction = -(curvature.times(inwards).array() * (1 - held.array()));
    if (!(direction.dot(gradient) < 0)) {
      curvature.clear();
      direction = -inwards;
    }
    if (curvature.empty()) direction /= std::max(1.0, direction.norm());

    VectorXd next;
    double next_value = value;
    bool lower = false;
    double length = 1;
    for (int halving = 0; halving < kHalvings && !lower; ++halving, length /= 2) {
      next = within(x + length * direction);
      next_value = function(next, next_gradient);
      lower = std::isfinite(next_value) && next_value <= value + kEnoughDecrease * gradient.dot(next - x) &&
              next_gradient.allFinite();
    }
    if (!lower) {
      if (curvature.empty()) break;
      curvature.clear();
      continue;
    }
    const double decrease = value - next_value;
    curvature.remember(next - x, next_gradient - gradient);
    x = next;
    value = next_value;
    gradient = next_gradient;
    if (decrease <= kNoDecrease * std::max(1.0, std::abs(value))) break;
  }
  return {x, value};
}

}  // namespace ablate
