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
/// learnt nothing.
bool other_rate(Attempts& attempts);

/// learning-rate-too-low, where the schedule takes the rate away early: whether steps that go on from the end at its
/// highest rate get further than as many at its last.
bool schedule_starves(Attempts& attempts);

/// learning-rate-too-high, of a rate that still is at the end: whether steps that go on from there at a tenth of it get
/// far further than as many at that rate.
bool rate_never_settles(Attempts& attempts);

/// Whether the run's own first steps get further than all of them: what spoilt it is not known then.
bool spoilt_later(Attempts& attempts);

}  // namespace ablate
