#pragma once

#include "sweeps/fields.h"
#include "sweeps/pruners/pruner.h"

namespace ablate {

/// Asynchronous successive halving with pausing (Li et al. 2018, arXiv 1810.05934). There are rungs at min_resource ·
/// reduction_factor^(min_early_stopping_rate + k) steps below a whole run's, k = 0, 1, …; a trial's value at a rung is
/// the first that it reports there or later. Of the n trials that have come to a rung the best max(1, ⌊n /
/// reduction_factor⌋), and all that are as good as the last of those, go on; the others wait there and go on when that
/// has become true of them: of several first that at the highest rung, then the best. NaN doesn't count, and a trial
/// that has it at a rung is pruned.
///
/// This is what Optuna's SuccessiveHalvingPruner decides, which prunes where ours waits; but of rungs that a trial
/// passes with one report, Optuna counts at the second only those that leave the first, and so halves twice by one
/// value.
///
/// The first at a rung go on while they are the best there, as in Optuna. Li et al. let them wait until ⌊n /
/// reduction_factor⌋ is 1, which is a bootstrap_count of reduction_factor − 1. Simulated (200 times: levels uniform in
/// [0, 1], curves of 64 reports that fall to them, four workers): by the same time the regret is the same from 16 whole
/// runs' worth of training on (.016 ± .002 and .013 ± .002; after 32 .006 both), but of 16 trials waiting brought none
/// to its end in 199 of 200 sweeps, and of 32 in 173.
///
/// Fields: "min_resource" (or "auto": ⌈total steps / reduction_factor³⌉, so that there are three rungs);
/// "reduction_factor" (4); "min_early_stopping_rate" (0); "bootstrap_count" (0): nobody goes on from a rung before more
/// than so many have come to it.
std::unique_ptr<Pruner> make_asha_pruner(Fields& fields, Step total_steps);

}  // namespace ablate
