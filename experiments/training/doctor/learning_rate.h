#pragma once

#include <string>

#include "experiments/training/doctor/attempts.h"

namespace ablate {

/// The option that says how fast a run learns: the top of a schedule that has one of its own, else the optimiser's.
struct Rate {
  std::string key;
  double value;
  std::string times(double factor) const;  ///< the change "optimizer.lr = 0.001"
};
Rate rate_of(const RunConfig& config);

/// learning-rate-too-high, learning-rate-too-low: whether another gets further. Further off are tried where the run has
/// not `learnt` anything.
bool other_rate(Attempts& attempts, bool learnt);

/// Whether the run's own first steps get further than all of them: learning-rate-too-low where the schedule takes the
/// rate away early, else what spoilt it is not known.
bool spoilt_later(Attempts& attempts, bool learnt);

}  // namespace ablate
