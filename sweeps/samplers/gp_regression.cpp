#include "sweeps/samplers/gp_regression.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runs/error.h"
#include "sweeps/samplers/bounded_minimum.h"

namespace ablate {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kLeastNoise = 1e-6;
constexpr double kFitGradient = 1e-2;  ///< as Optuna: less gains nothing

/// m(d), and its derivative by d², of squared distances.
struct Matern {
  explicit Matern(const ArrayXd& squared) {
    const ArrayXd root = (5 * squared).sqrt(), decay = (-root).exp();
    value = decay * (5. / 3 * squared + root + 1);
    slope = -5. / 6 * (root + 1) * decay;
  }
  ArrayXd value, slope;
};

/// Of each of `points` from `point`, by coordinate: {points, coordinates}.
MatrixXd squared_differences(const MatrixXd& points, const VectorXd& point, const std::vector<bool>& categorical) {
  MatrixXd squared(points.rows(), points.cols());
  for (Index i = 0; i < points.cols(); ++i) {
    if (categorical[static_cast<std::size_t>(i)])
      squared.col(i) = (points.col(i).array() != point[i]).cast<double>();
    else
      squared.col(i) = (points.col(i).array() - point[i]).square();
  }
  return squared;
}

/// The covariance of the function at `a` (rows) and `b` (columns).
MatrixXd covariance(const MatrixXd& a, const MatrixXd& b, const std::vector<bool>& categorical,
                    const GpHyperparameters& hyperparameters) {
  MatrixXd all(a.rows(), b.rows());
  for (Index j = 0; j < b.rows(); ++j) {
    const MatrixXd squared = squared_differences(a, b.row(j), categorical);
    all.col(j) = hyperparameters.scale * Matern(squared * hyperparameters.inverse_squared_lengths).value;
  }
  return all;
}

/// The likelihood of many hyperparameters, one set after the other.
class Likelihood {
 public:
  explicit Likelihood(const GpData& data) : count_(data.values.size()), values_(data.values) {
    squared_.resize(count_ * (count_ - 1) / 2, data.points.cols());
    for (Index j = 0, row = 0; j < count_; row += count_ - ++j) {
      const Index below = count_ - j - 1;
      squared_.middleRows(row, below) =
          squared_differences(data.points.bottomRows(below), data.points.row(j), data.categorical);
    }
  }

  /// log_marginal_likelihood() and, where `gradient` is not null, its derivatives by all w, the scale and the noise.
  double at(const GpHyperparameters& hyperparameters, VectorXd* gradient) const {
    const Matern matern(squared_ * hyperparameters.inverse_squared_lengths);
    MatrixXd covariance(count_, count_);
    covariance.diagonal().setConstant(hyperparameters.scale + hyperparameters.noise);
    for_columns([&](Index j, Index row, Index below) {
      covariance.col(j).tail(below) = hyperparameters.scale * matern.value.segment(row, below);
    });
    if (!covariance.diagonal().allFinite()) return -std::numeric_limits<double>::infinity();
    const Eigen::LLT<MatrixXd> factor(covariance);
    if (factor.info() != Eigen::Success) return -std::numeric_limits<double>::infinity();
    const VectorXd weights = factor.solve(values_);
    const double value = -factor.matrixLLT().diagonal().array().log().sum() - values_.dot(weights) / 2;
    if (!gradient) return value;

    // By a parameter of the covariance C: ½ Σ (w wᵀ − C⁻¹) ∘ dC (Rasmussen and Williams 2006, eq. 5.9).
    const MatrixXd inverse = factor.solve(MatrixXd::Identity(count_, count_));
    ArrayXd change(squared_.rows());
    for_columns([&](Index j, Index row, Index below) {
      change.segment(row, below) = weights.tail(below).array() * weights[j] - inverse.col(j).tail(below).array();
    });
    const double diagonal = weights.squaredNorm() - inverse.trace();
    gradient->resize(squared_.cols() + 2);
    gradient->head(squared_.cols()) = hyperparameters.scale * (squared_.transpose() * (change * matern.slope).matrix());
    (*gradient)[squared_.cols()] = diagonal / 2 + (change * matern.value).sum();
    (*gradient)[squared_.cols() + 1] = diagonal / 2;
    return value;
  }

 private:
  /// The part below the diagonal, column by column: its number, its first pair's row in `squared_`, its length.
  template <typename Visit>
  void for_columns(const Visit& visit) const {
    for (Index j = 0, row = 0; j < count_; row += count_ - ++j) visit(j, row, count_ - j - 1);
  }

  Index count_;
  VectorXd values_;
  MatrixXd squared_;  ///< {pairs, coordinates}
};

}  // namespace

double log_marginal_likelihood(const GpData& data, const GpHyperparameters& hyperparameters) {
  return Likelihood(data).at(hyperparameters, nullptr);
}

GpHyperparameters fit_hyperparameters(const GpData& data) {
  const Likelihood likelihood(data);
  const Index coordinates = data.points.cols();
  // In logarithms, of the noise that of what it is above its least.
  const auto unpacked = [&](const VectorXd& raw) {
    return GpHyperparameters{raw.head(coordinates).array().exp(), std::exp(raw[coordinates]),
                             std::exp(raw[coordinates + 1]) + kLeastNoise};
  };
  const auto loss = [&](const VectorXd& raw, VectorXd& gradient) {
    const GpHyperparameters hyperparameters = unpacked(raw);
    const auto& [w, scale, noise] = hyperparameters;
    const double value = likelihood.at(hyperparameters, &gradient);
    if (!std::isfinite(value)) return std::numeric_limits<double>::infinity();
    const double prior =
        -.1 * (w.array() + w.array().inverse()).sum() + std::log(scale) - scale + .1 * std::log(noise) - 30 * noise;
    gradient.head(coordinates).array() += -.1 + .1 * w.array().square().inverse();
    gradient[coordinates] += 1 / scale - 1;
    gradient[coordinates + 1] += .1 / noise - 30;
    gradient.head(coordinates).array() *= -w.array();
    gradient[coordinates] *= -scale;
    gradient[coordinates + 1] *= -(noise - kLeastNoise);
    return -(value + prior);
  };
  const VectorXd ones = VectorXd::Zero(coordinates + 2);
  const VectorXd unbounded = VectorXd::Constant(coordinates + 2, std::numeric_limits<double>::infinity());
  return unpacked(local_minimum(loss, ones, {-unbounded, unbounded, kFitGradient}).at);
}

GaussianProcess::GaussianProcess(GpData data, GpHyperparameters hyperparameters)
    : data_(std::move(data)), hyperparameters_(std::move(hyperparameters)) {
  solve();
}

void GaussianProcess::solve() {
  MatrixXd noisy = covariance(data_.points, data_.points, data_.categorical, hyperparameters_);
  noisy.diagonal().array() += hyperparameters_.noise;
  covariance_.compute(noisy);
  if (covariance_.info() != Eigen::Success)
    throw Error("The covariance of a Gaussian process is not positive definite: give it more noise.");
  weights_ = covariance_.solve(data_.values);
}

GaussianProcess::Posterior GaussianProcess::at(const MatrixXd& points) const {
  const MatrixXd shared = covariance(data_.points, points, data_.categorical, hyperparameters_);
  Posterior posterior{shared.transpose() * weights_, {}};
  const MatrixXd known = covariance_.matrixL().solve(shared);
  posterior.variance = (hyperparameters_.scale - known.colwise().squaredNorm().array()).max(0);
  return posterior;
}

GaussianProcess::Slope GaussianProcess::slope(const VectorXd& point) const {
  const MatrixXd squared = squared_differences(data_.points, point, data_.categorical);
  const Matern matern(squared * hyperparameters_.inverse_squared_lengths);
  const VectorXd shared = hyperparameters_.scale * matern.value;
  const VectorXd known = covariance_.solve(shared);
  Slope slope{shared.dot(weights_), std::max(0.0, hyperparameters_.scale - shared.dot(known)),
              VectorXd::Zero(point.size()), VectorXd::Zero(point.size())};
  for (Index i = 0; i < point.size(); ++i) {
    if (data_.categorical[static_cast<std::size_t>(i)]) continue;
    const VectorXd change = 2 * hyperparameters_.scale * hyperparameters_.inverse_squared_lengths[i] * matern.slope *
                            (point[i] - data_.points.col(i).array());
    slope.mean_gradient[i] = change.dot(weights_);
    slope.variance_gradient[i] = -2 * change.dot(known);
  }
  return slope;
}

void GaussianProcess::believe(const MatrixXd& points) {
  const VectorXd means = at(points).mean;
  const Index known = data_.points.rows();
  data_.points.conservativeResize(known + points.rows(), Eigen::NoChange);
  data_.points.bottomRows(points.rows()) = points;
  data_.values.conservativeResize(known + points.rows());
  data_.values.tail(points.rows()) = means;
  solve();
}

}  // namespace ablate
