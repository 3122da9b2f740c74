#pragma once

#include <random>
#include <vector>

#include "sweeps/samplers/axis.h"

namespace ablate {

/// What trials had for one parameter.
struct Observations {
  const Axis* axis;           ///< outlives the estimator
  std::vector<double> units;  ///< one a trial, on the axis
  std::vector<int> order;     ///< places in `units` by value, then by the trial's number; of categories empty
};

/// A density over parameters, as Optuna 5.0's _ParzenEstimator has it: a mixture with one kernel a trial and one for
/// the prior. A kernel is a product over the parameters: of numbers a normal distribution, cut off at the ends of the
/// range, around the trial's value, as wide as the gap to its further neighbour but no narrower than 1 / min(100,
/// trials + 2) of the range ("magic clip"); of categories the trial's with 1 more than all others. With steps it has
/// the mass half a step around each value. The prior is as wide as the range, in its middle; of categories all alike.
/// Where neighbours are equal, the trial with the smaller number is the left one (Optuna leaves that to numpy's sort).
class ParzenEstimator {
 public:
  /// `weights`: one a trial; the prior has 1. `observations`: one a parameter, all of the same trials. It is fastest
  /// where these stand by the first continuous parameter's values.
  ParzenEstimator(std::vector<Observations> observations, std::vector<double> weights);

  /// One value a parameter, internal, allowed.
  std::vector<double> sample(std::mt19937_64& generator) const;

  /// Natural logarithms of the density at each candidate (one internal value a parameter); per unit of the logarithm
  /// where a range is log.
  std::vector<double> log_densities(const std::vector<std::vector<double>>& candidates) const;

 private:
  /// Of one parameter; index: kernel, the prior last.
  struct Numbers {
    const Axis* axis;
    std::size_t parameter;
    std::vector<double> centres, inverse_widths;  ///< widths are √2 σ
    std::vector<int> twins;      ///< with steps: of each kernel the first with its centre and width, as an index below
    std::vector<int> different;  ///< with steps: one kernel of each centre and width
  };
  struct Categories {
    const Axis* axis;
    std::size_t parameter;
    std::vector<double> observed;              ///< of each kernel but the prior
    double observed_share, log_hit, log_miss;  ///< share: of what is not spread over all categories
  };

  /// Kernels side by side, and what is nearest to their widest reach on the first continuous parameter.
  struct Neighbours {
    std::size_t begin, end;
    double low, high, inverse_width, log_weight;
  };

  Numbers numbers(Observations observations, std::size_t parameter);
  void find_twins(Numbers& numbers, const std::vector<int>& order) const;
  void find_neighbours();
  std::vector<double> log_masses(const Numbers& numbers, double value) const;
  /// Of the kernels from `begin` to `end`; `units` and `masses`: of the candidate, one a continuous or stepped
  /// parameter.
  void log_terms(const std::vector<double>& candidate, const std::vector<double>& units,
                 const std::vector<std::vector<double>>& masses, std::size_t begin, std::size_t end,
                 double* terms) const;

  std::size_t kernels_;
  std::vector<double> weights_, log_weights_;  ///< log_weights_ with what is constant in each kernel's density
  std::vector<Numbers> continuous_, stepped_;
  std::vector<Categories> categories_;
  std::vector<Neighbours> neighbours_;  ///< all kernels but the prior
};

}  // namespace ablate
