#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <vector>

#include "sweeps/search_space.h"

namespace ablate {

/// A search space as coordinates for a Gaussian process, one a parameter, in their order. Of a number its place within
/// its range, [0, 1], in the logarithm where it is log, half a step added at both ends where it has steps (as Optuna);
/// of a category its index.
class GpSpace {
 public:
  explicit GpSpace(SearchSpace space);

  Eigen::Index coordinates() const { return static_cast<Eigen::Index>(space_.parameters().size()); }
  const std::vector<bool>& categorical() const { return categorical_; }

  /// How many values a parameter may have; nullopt for a continuous one.
  std::optional<std::int64_t> count(Eigen::Index parameter) const { return distribution(parameter).count(); }
  /// The coordinate of the k-th of them, and the k of the one nearest to a coordinate.
  double value(Eigen::Index parameter, std::int64_t k) const;
  std::int64_t nearest(Eigen::Index parameter, double coordinate) const;

  /// Where a trial counts for the process: a parameter that it lacks, or that doesn't exist beside the others, stands
  /// in the middle of its range, or is a category of its own. Not finite for values that the ranges can't place.
  Eigen::VectorXd point(const Params& params) const;
  /// The same for coordinates of all parameters, whether they exist or not.
  Eigen::VectorXd effective(const Eigen::VectorXd& coordinates) const;
  /// Whether each parameter exists.
  std::vector<bool> active(const Eigen::VectorXd& coordinates) const;
  /// The nearest allowed values of those that do.
  Params params(const Eigen::VectorXd& coordinates) const;

  /// Coordinates of all parameters, near a trial's point; `otherwise` has those that it lacks.
  Eigen::VectorXd completed(const Eigen::VectorXd& point, const Eigen::VectorXd& otherwise) const;
  /// `count` rows of coordinates of all parameters that cover the space evenly: a Sobol sequence, digitally shifted by
  /// `seed`.
  Eigen::MatrixXd cover(Eigen::Index count, std::uint64_t seed) const;

 private:
  const Distribution& distribution(Eigen::Index parameter) const {
    return space_.parameters()[static_cast<std::size_t>(parameter)].distribution;
  }
  bool exists(Eigen::Index parameter, const Eigen::VectorXd& effective) const;
  double allowed(Eigen::Index parameter, double coordinate) const;
  double missing(Eigen::Index parameter) const;

  struct Condition {
    Eigen::Index on;
    std::vector<double> allowed;
  };
  SearchSpace space_;
  std::vector<bool> categorical_;
  std::vector<std::vector<Condition>> conditions_;
};

}  // namespace ablate
