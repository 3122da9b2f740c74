#include "sweeps/samplers/gp.h"

#include <algorithm>
#include <cmath>

#include "sweeps/samplers/expected_improvement.h"
#include "sweeps/samplers/gp_space.h"

namespace ablate {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kConstant = 1e-10;     ///< a deviation below, relative to the largest value, is rounding
constexpr double kAugmentation = 0.05;  ///< of ParEGO

MatrixXd rows_of(const std::vector<VectorXd>& vectors, Index columns) {
  MatrixXd rows(std::ssize(vectors), columns);
  for (Index i = 0; i < rows.rows(); ++i) rows.row(i) = vectors[static_cast<std::size_t>(i)];
  return rows;
}

/// Infinite ones cut to the extremes of the others; 0 where there are no others.
VectorXd finite(VectorXd values) {
  double low = 0, high = 0;
  bool any = false;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    low = any ? std::min(low, value) : value;
    high = any ? std::max(high, value) : value;
    any = true;
  }
  return values.cwiseMax(low).cwiseMin(high);
}

/// Finite values to mean 0 and deviation 1.
VectorXd standardised(VectorXd values) {
  const double largest = values.lpNorm<Eigen::Infinity>();
  if (largest > 0) values /= largest;  // Squares of 1e300 are none.
  values.array() -= values.mean();
  return values / std::max(kConstant, std::sqrt(values.squaredNorm() / static_cast<double>(values.size())));
}

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::ranges::nth_element(values, middle);
  return *middle;
}

class GpSampler final : public Sampler {
 public:
  GpSampler(const SearchSpace& space, Fields& fields, const std::vector<Direction>& directions)
      : space_(space),
        directions_(directions),
        seed_(seed_of(fields)),
        startup_trials_(fields.whole("startup_trials", 1).value_or(10)) {}

  std::optional<Params> suggest(const Study& study, int number) override {
    std::mt19937_64 generator = generator_for(seed_, number);
    const auto [points, scores, pending] = evidence(study, number, generator);
    if (space_.coordinates() == 0) return Params();
    if (scores.size() < startup_trials_) return spread_out(number, generator);

    const GpData data{points, standardised(scores), space_.categorical()};
    GaussianProcess process(data, fit_hyperparameters(data));
    if (pending.rows() > 0) process.believe(pending);
    Index incumbent = 0;
    data.values.maxCoeff(&incumbent);
    const double best = process.data().values.maxCoeff();  // Also of what is only expected of running ones.
    return space_.params(most_promising(process, best, space_, points.row(incumbent), pending, generator));
  }

 private:
  Params spread_out(int number, std::mt19937_64& generator) const {
    VectorXd coordinates = space_.cover(number + 1, seed_).row(number);
    // The first points of a Sobol sequence would pair categories always with the same ones of other parameters.
    for (Index i = 0; i < coordinates.size(); ++i)
      if (space_.categorical()[static_cast<std::size_t>(i)])
        coordinates[i] =
            static_cast<double>(std::uniform_int_distribution<std::int64_t>(0, *space_.count(i) - 1)(generator));
    return space_.params(coordinates);
  }

  struct Evidence {
    MatrixXd points;
    VectorXd scores;  ///< one a point, larger is better; finite. Empty while no trial is complete
    MatrixXd pending;
  };

  Evidence evidence(const Study& study, int number, std::mt19937_64& generator) const {
    std::vector<VectorXd> complete, cut_short, pending, losses;
    std::vector<double> last;  // of those cut short
    const double sign = directions_.front() == Direction::maximize ? -1 : 1;
    for (const Trial& trial : study.trials) {
      const VectorXd point = space_.point(trial.params);
      if (trial.number == number || trial.params.empty() || !point.allFinite()) continue;
      if (trial.state == TrialState::complete) {
        if (trial.values.size() != directions_.size() ||
            std::ranges::any_of(trial.values, [](double value) { return std::isnan(value); }))
          continue;
        VectorXd& loss = losses.emplace_back(VectorXd::Map(trial.values.data(), std::ssize(trial.values)));
        for (Index i = 0; i < loss.size(); ++i)
          if (directions_[static_cast<std::size_t>(i)] == Direction::maximize) loss[i] = -loss[i];
        complete.push_back(point);
      } else if (trial.state == TrialState::pruned || trial.paused()) {
        if (trial.intermediate.empty() || directions_.size() > 1) continue;
        const double value = trial.intermediate.rbegin()->second;
        if (std::isnan(value)) continue;
        cut_short.push_back(point);
        last.push_back(-sign * value);
      } else if (!finished(trial.state)) {
        pending.push_back(point);
      }
    }
    Evidence evidence{{}, {}, rows_of(pending, space_.coordinates())};
    if (complete.empty()) return evidence;

    const VectorXd of_complete = scalarised(rows_of(losses, std::ssize(directions_)), generator);
    const double middle = median_of({of_complete.begin(), of_complete.end()});
    evidence.scores.resize(of_complete.size() + std::ssize(last));
    evidence.scores << of_complete, VectorXd::Map(last.data(), std::ssize(last)).cwiseMin(middle);
    evidence.scores = finite(evidence.scores);
    complete.insert(complete.end(), cut_short.begin(), cut_short.end());
    evidence.points = rows_of(complete, space_.coordinates());
    return evidence;
  }

  /// {trials, objectives}, less being better, to {trials}, larger being better.
  static VectorXd scalarised(const MatrixXd& losses, std::mt19937_64& generator) {
    if (losses.cols() == 1) return -losses.col(0);
    VectorXd largest = VectorXd::Constant(losses.rows(), 0), sum = largest;
    std::exponential_distribution<double> exponential;
    VectorXd weights(losses.cols());
    for (double& weight : weights) weight = exponential(generator);
    weights /= weights.sum();
    for (Index i = 0; i < losses.cols(); ++i) {
      VectorXd loss = finite(losses.col(i));
      loss.array() = loss.array() / 2 - loss.minCoeff() / 2;  // Halved, as 1e308 and -1e308 are too far apart.
      if (loss.maxCoeff() > 0) loss /= loss.maxCoeff();
      largest = largest.cwiseMax(weights[i] * loss);
      sum += weights[i] * loss;
    }
    return -(largest + kAugmentation * sum);
  }

  GpSpace space_;
  std::vector<Direction> directions_;
  std::uint64_t seed_;
  std::int64_t startup_trials_;
};

}  // namespace

std::unique_ptr<Sampler> make_gp_sampler(const SearchSpace& space, Fields& fields,
                                         const std::vector<Direction>& directions) {
  return std::make_unique<GpSampler>(space, fields, directions);
}

}  // namespace ablate
