#pragma once

#include "experiments/schedule.h"
#include "experiments/training/batches.h"
#include "experiments/training/validation.h"

namespace ablate {

/// What a short training from the start came to.
struct Rehearsal {
  Step steps = 0;        ///< made: fewer than asked for where a loss was not finite
  bool finite = true;    ///< all losses were
  bool learnt = true;    ///< its loss is below that of outputs that say nothing; a constant mask may have a good metric
  double metric = 0;     ///< primary metric on the samples it is judged by, norms with their batches' statistics
  double seconds = 0;    ///< of the steps alone
  double near_peak = 1;  ///< share of all of the run's steps whose rate is more than a tenth of the highest
};

/// Trains a network of this configuration from its seed, in memory, at the highest learning rate of its schedule, and
/// measures it. Sets torch's random seed. Throws Error where a run of this configuration could not begin.
Rehearsal rehearse(const RunConfig& config, const TrainingData& data, FixedBatches& judged, Step steps,
                   torch::Device device);

/// Terms by their weights.
double weighted_sum(const std::vector<LossTerm>& terms);

/// The highest learning rate of a run's schedule, and the momentum there.
Schedule::Value peak_of(const RunConfig& config, std::int64_t batches_per_epoch);

}  // namespace ablate
