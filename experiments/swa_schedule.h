#pragma once

#include "experiments/schedule.h"

namespace ablate {

/// When weights are averaged (swa.*, torch.optim.swa_utils): every `every` updates from `start` on.
struct SwaTimes {
  Step start = 0, every = 1;
  /// Whether the weights after `updates` updates are one of those that are averaged.
  bool averages_after(Step updates) const { return updates > start && (updates - start) % every == 0; }
};

/// nullopt where swa.start is not set.
std::optional<SwaTimes> swa_times(const RunConfig& config, double steps_per_epoch);

/// `schedule` until swa.start; from there its rate at that step goes to swa.lr along half a cosine over the first ten
/// averagings, and stays (torch SWALR: lr = α·swa + (1 − α)·start, α = ½(1 − cos π·min(1, k/10)) in [0, 1], k
/// averagings since). `schedule` itself where there is no SWA, and without swa.lr.
std::unique_ptr<Schedule> with_swa(std::unique_ptr<Schedule> schedule, const RunConfig& config, double steps_per_epoch);

}  // namespace ablate
