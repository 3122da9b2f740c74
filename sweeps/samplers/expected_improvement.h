#pragma once

#include <Eigen/Core>
#include <random>

#include "sweeps/samplers/gp_regression.h"
#include "sweeps/samplers/gp_space.h"

namespace ablate {

/// log E max(0, y − best) of a normal y, and its derivatives, finite and exact also where the improvement itself is too
/// small for a double (Ament et al. 2023, "Unexpected Improvements to Expected Improvement", eq. 9). variance > 0.
struct LogExpectedImprovement {
  double value, by_mean, by_variance;
};
LogExpectedImprovement log_expected_improvement(double mean, double variance, double best);

/// Where, within a space, a process promises the largest improvement over `best`: coordinates of all parameters. As
/// Optuna 5.0: 2048 points that cover the space; from the best of them, nine others drawn by their improvement and
/// `incumbent` (a trial's point), a local search that climbs along the gradient in continuous parameters and, one after
/// the other, to the best value of each parameter that has steps or categories, until nothing changes. None of the rows
/// of `taken`, points of trials, unless the space has nothing else to offer.
Eigen::VectorXd most_promising(const GaussianProcess& process, double best, const GpSpace& space,
                               const Eigen::VectorXd& incumbent, const Eigen::MatrixXd& taken,
                               std::mt19937_64& generator);

}  // namespace ablate
