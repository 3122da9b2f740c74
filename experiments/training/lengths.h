#pragma once

#include "experiments/run_config.h"
#include "experiments/swa_schedule.h"
#include "experiments/training/batches.h"

namespace ablate {

/// A run's durations in steps (updates), once it is known how many of them an epoch has; at least 1 each.
struct Lengths {
  Lengths(const RunConfig& config, std::int64_t batches_per_epoch);

  double steps_per_epoch;  ///< batches / train.accumulate; of several epochs only their sum is rounded, upwards
  Step total;              ///< train.steps
  Step validation_every, checkpoint_every, preview_every;
  std::optional<SwaTimes> swa;
};

/// Samples of a validation batch: validation.batch_size, else train.batch_size.
std::int64_t validation_batch_size(const RunConfig& config);

/// What RunConfig::check can't know before the data are open. Throws Error for a warm-up or an SWA that leaves nothing
/// of the run, an update of more batches than an epoch has, and a batch of which batch norm in train mode would see a
/// single value a channel.
void check_lengths(const RunConfig& config, const Lengths& lengths, std::int64_t batches_per_epoch,
                   const DataSource& source);

}  // namespace ablate
