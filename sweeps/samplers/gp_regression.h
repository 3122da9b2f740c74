#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <vector>

namespace ablate {

/// What a Gaussian process learns from. Points are rows; of a categorical coordinate only equality matters.
struct GpData {
  Eigen::MatrixXd points;         ///< {points, coordinates}
  Eigen::VectorXd values;         ///< {points}, of mean 0 and deviation 1, roughly
  std::vector<bool> categorical;  ///< {coordinates}
};

/// Of the covariance scale · m(√Σ wᵢ dᵢ²) + noise · [same observation], where m is the Matérn kernel of ν = 5/2
/// (Rasmussen and Williams 2006, eq. 4.17) and dᵢ the difference in a coordinate, of a categorical one 0 or 1.
struct GpHyperparameters {
  Eigen::VectorXd inverse_squared_lengths;  ///< w
  double scale = 1;
  double noise = 1;  ///< variance
};

/// Of the values, without the constant −n/2 · log 2π. −∞ where the covariance is not positive definite to within
/// rounding, or the hyperparameters are not finite.
double log_marginal_likelihood(const GpData& data, const GpHyperparameters& hyperparameters);

/// Those of the largest posterior probability, as Optuna 5.0 has the priors (up to constants): −.1 (w + 1/w) for each
/// w, Gamma(2, 1) for the scale, Gamma(1.1, 30) for the noise, which is at least 1e-6. Sought from 1 for all of them.
GpHyperparameters fit_hyperparameters(const GpData& data);

/// A Gaussian process given what was observed.
class GaussianProcess {
 public:
  /// Throws Error where the covariance is not positive definite; fit_hyperparameters() gives none such.
  GaussianProcess(GpData data, GpHyperparameters hyperparameters);

  /// Mean and variance of the function, without noise, at each of the points {m, coordinates}.
  struct Posterior {
    Eigen::VectorXd mean, variance;
  };
  Posterior at(const Eigen::MatrixXd& points) const;

  /// The same at one point, with gradients (0 in categorical coordinates).
  struct Slope {
    double mean, variance;
    Eigen::VectorXd mean_gradient, variance_gradient;
  };
  Slope slope(const Eigen::VectorXd& point) const;

  /// Takes the means at these points for observed (the kriging believer of Ginsbourger, Le Riche and Carraro 2010):
  /// the mean stays what it is everywhere, the variance falls around them.
  void believe(const Eigen::MatrixXd& points);

  const GpData& data() const { return data_; }
  const GpHyperparameters& hyperparameters() const { return hyperparameters_; }

 private:
  void solve();

  GpData data_;
  GpHyperparameters hyperparameters_;
  Eigen::LLT<Eigen::MatrixXd> covariance_;
  Eigen::VectorXd weights_;  ///< covariance⁻¹ · values
};

}  // namespace ablate
