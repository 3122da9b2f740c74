#include "sweeps/samplers/expected_improvement.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "sweeps/samplers/bounded_minimum.h"

namespace ablate {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index kCover = 2048;
constexpr int kSearches = 10;            ///< from points of the cover
constexpr int kClimbRounds = 100;        ///< of one search at most
constexpr std::int64_t kTryAll = 16;     ///< values of a parameter with steps; of more, neighbours ever nearer
constexpr double kStabilizing = 1e-12;   ///< of variance, as Optuna
constexpr double kClimbGradient = 1e-2;  ///< in lengths of the process, as Optuna
constexpr double kSame = 1e-9;           ///< distance; values and coordinates are the same to within rounding
constexpr double kFarBelow = -25;        ///< deviations; below, the two terms of the improvement cancel

struct Candidate {
  VectorXd coordinates;  ///< of all parameters
  double value;
};

/// The local search.
class Climber {
 public:
  Climber(const GaussianProcess& process, double best, const GpSpace& space)
      : process_(process),
        best_(best),
        space_(space),
        lengths_(process.hyperparameters().inverse_squared_lengths.cwiseSqrt().cwiseInverse()) {}

  /// Of rows of coordinates.
  VectorXd values(MatrixXd rows) const {
    for (auto row : rows.rowwise()) row = space_.effective(row);
    const auto [mean, variance] = process_.at(rows);
    VectorXd values(rows.rows());
    for (Index i = 0; i < rows.rows(); ++i)
      values[i] = log_expected_improvement(mean[i], variance[i] + kStabilizing, best_).value;
    return values;
  }

  Candidate climb(const VectorXd& start) const {
    Candidate now{start, values(start.transpose())[0]};
    for (int round = 0; round < kClimbRounds; ++round) {
      climb_continuous(now);
      bool changed = false;
      for (Index i = 0; i < space_.coordinates(); ++i) changed |= space_.count(i) && climb_discrete(now, i);
      if (!changed) break;
    }
    return now;
  }

 private:
  void climb_continuous(Candidate& now) const {
    std::vector<Index> free;
    const std::vector<bool> active = space_.active(now.coordinates);
    for (Index i = 0; i < space_.coordinates(); ++i)
      if (active[static_cast<std::size_t>(i)] && !space_.count(i)) free.push_back(i);
    if (free.empty()) return;
    // In lengths, all directions are alike.
    const VectorXd lengths = lengths_(free);
    VectorXd point = space_.effective(now.coordinates);
    const auto loss = [&](const VectorXd& scaled, VectorXd& gradient) {
      point(free) = scaled.cwiseProduct(lengths);
      const GaussianProcess::Slope slope = process_.slope(point);
      const auto [value, by_mean, by_variance] =
          log_expected_improvement(slope.mean, slope.variance + kStabilizing, best_);
      const VectorXd by_point = by_mean * slope.mean_gradient + by_variance * slope.variance_gradient;
      gradient = -by_point(free).cwiseProduct(lengths);
      return -value;
    };
    const Minimum minimum = local_minimum(loss, now.coordinates(free).cwiseQuotient(lengths),
                                          {VectorXd::Zero(lengths.size()), lengths.cwiseInverse(), kClimbGradient});
    if (!(-minimum.value > now.value)) return;
    now.coordinates(free) = minimum.at.cwiseProduct(lengths).cwiseMin(1);
    now.value = -minimum.value;
  }

  /// Whether it found better.
  bool climb_discrete(Candidate& now, Index parameter) const {
    const std::int64_t count = *space_.count(parameter);
    if (count == 1 || !space_.active(now.coordinates)[static_cast<std::size_t>(parameter)]) return false;
    const auto try_value = [&](std::int64_t k) {
      if (k < 0 || k >= count) return false;
      VectorXd coordinates = now.coordinates;
      coordinates[parameter] = space_.value(parameter, k);
      const double value = values(coordinates.transpose())[0];
      if (!(value > now.value)) return false;
      now = {coordinates, value};
      return true;
    };
    bool changed = false;
    if (space_.categorical()[static_cast<std::size_t>(parameter)] || count <= kTryAll) {
      for (std::int64_t k = 0; k < count; ++k) changed |= try_value(k);
      return changed;
    }
    for (std::int64_t stride = count / 2; stride > 0;) {
      const std::int64_t k = space_.nearest(parameter, now.coordinates[parameter]);
      if (try_value(k - stride) || try_value(k + stride))
        changed = true;
      else
        stride /= 2;
    }
    return changed;
  }

  const GaussianProcess& process_;
  double best_;
  const GpSpace& space_;
  VectorXd lengths_;
};

bool is_row(const VectorXd& point, const MatrixXd& rows) {
  return std::ranges::any_of(rows.rowwise(), [&](const auto& row) {
    return (row.transpose() - point).template lpNorm<Eigen::Infinity>() < kSame;
  });
}

}  // namespace

LogExpectedImprovement log_expected_improvement(double mean, double variance, double best) {
  const double deviation = std::sqrt(variance), z = (mean - best) / deviation;
  double value, slope;  // of log(z Φ(z) + φ(z))
  const double log_density = -z * z / 2 - std::log(2 * std::numbers::pi) / 2;
  if (z > kFarBelow) {
    const double below = std::erfc(-z / std::numbers::sqrt2) / 2;
    const double improvement = z * below + std::exp(log_density);
    value = std::log(improvement);
    slope = below / improvement;
  } else {
    // Φ(z) = φ(z)/|z| · (1 − 1/z² + 3/z⁴ − 15/z⁶ …), Abramowitz and Stegun 26.2.12.
    const double u = 1 / (z * z), rest = 1 - 3 * u * (1 - 5 * u * (1 - 7 * u));
    value = log_density + std::log(u * rest);
    slope = -z * (1 - u * rest) / rest;
  }
  return {value + std::log(deviation), slope / deviation, (1 - z * slope) / (2 * variance)};
}

VectorXd most_promising(const GaussianProcess& process, double best, const GpSpace& space, const VectorXd& incumbent,
                        const MatrixXd& taken, std::mt19937_64& generator) {
  const Climber climber(process, best, space);
  const MatrixXd cover = space.cover(kCover, generator());
  const VectorXd values = climber.values(cover);
  Index first = 0;
  const double largest = values.maxCoeff(&first);
  std::vector<double> chances(static_cast<std::size_t>(kCover));
  for (Index i = 0; i < kCover; ++i) chances[static_cast<std::size_t>(i)] = std::exp(values[i] - largest);

  std::vector<VectorXd> starts{space.completed(incumbent, cover.row(first))};
  Index next = first;
  for (int search = 0; search < kSearches; ++search) {
    starts.emplace_back(cover.row(next));
    chances[static_cast<std::size_t>(next)] = 0;
    if (std::ranges::all_of(chances, [](double chance) { return chance == 0; })) break;
    next = std::discrete_distribution<Index>(chances.begin(), chances.end())(generator);
  }

  std::vector<Candidate> candidates;
  for (const VectorXd& start : starts) candidates.push_back(climber.climb(start));
  for (Index i = 0; i < kCover; ++i) candidates.push_back({cover.row(i), values[i]});
  std::ranges::stable_sort(candidates, std::ranges::greater(), &Candidate::value);
  const auto found = std::ranges::find_if(
      candidates, [&](const Candidate& candidate) { return !is_row(space.effective(candidate.coordinates), taken); });
  return (found == candidates.end() ? candidates.front() : *found).coordinates;
}

}  // namespace ablate
