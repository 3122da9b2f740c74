#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>

#include "sweeps/exhaustion.h"
#include "sweeps/led_sweep.h"
#include "sweeps/samplers/sampler.h"

namespace ablate {

/// What a controller begins where a slot is free: trials that the pruner promotes, ones that somebody asked for
/// (Optuna's enqueue_trial), and what the sampler proposes, while the budget lasts. One thread.
class TrialSupply {
 public:
  /// `sweep` outlives it.
  explicit TrialSupply(LedSweep& sweep);

  /// Throws Error where the journal can't be written, or the launcher refuses.
  void fill_slots();
  /// Slots that are taken: by trials that are to train, and those that have been asked to stop and have not.
  int taken() const;
  /// Whether anything began since this exists.
  bool began() const { return began_; }
  /// Whether slots stay free because there is nothing more to begin.
  bool exhausted() const { return exhausted_; }
  /// Why that is so.
  std::optional<Exhaustion> exhaustion() const;

 private:
  bool promote();
  bool new_trial();
  BudgetUse used() const;
  bool time_left() const;

  LedSweep& sweep_;
  std::unique_ptr<Sampler> sampler_;
  bool exhausted_ = false, began_ = false;
  std::ptrdiff_t no_more_at_ = -1;  // How many trials there were when the sampler had no more.
};

}  // namespace ablate
