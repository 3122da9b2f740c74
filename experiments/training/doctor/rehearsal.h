#pragma once

#include <memory>
#include <optional>

#include "experiments/schedule.h"
#include "experiments/training/batches.h"
#include "experiments/training/validation.h"

namespace ablate {

/// What a short training from the start came to.
struct Rehearsal {
  Step steps = 0;      ///< made: fewer than asked for where a loss was not finite
  bool finite = true;  ///< all losses were
  bool learnt = true;  ///< its loss is below that of outputs that say nothing; a constant mask may have a good metric
  double metric = 0;   ///< primary metric on the samples it is judged by
  double loss = 0;     ///< on these
  double seconds = 0;  ///< of the steps alone
};

/// How it goes, where not from the start, at the highest learning rate of the run's schedule, judged as it trains.
struct RehearsalPlan {
  Task* from = nullptr;      ///< whose weights and buffers it begins with; its networks are the configuration's
  std::optional<double> lr;  ///< instead of that rate
  Mode judged_in = Mode::train;
};

/// Trains a network of this configuration from its seed, in memory, and measures it. Sets torch's random seed. Throws
/// Error where a run of this configuration could not begin.
Rehearsal rehearse(const RunConfig& config, const TrainingData& data, FixedBatches& judged, Step steps,
                   torch::Device device, const RehearsalPlan& plan = {});

/// The task with networks of its own: as a run begins with them, or with the weights and buffers of `from`. Sets
/// torch's random seed.
std::unique_ptr<Task> copied_task(const RunConfig& config, torch::Device device, Task* from);

/// Terms by their weights.
double weighted_sum(const std::vector<LossTerm>& terms);

/// The learning rates of a run's schedule.
struct Rates {
  Schedule::Value highest;  ///< and the momentum there
  double last = 0;
  double near_highest = 1;  ///< share of the steps whose rate is more than a tenth of the highest
};
Rates rates_of(const RunConfig& config, const TrainingData& data);

}  // namespace ablate
