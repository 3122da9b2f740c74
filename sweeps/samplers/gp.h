#pragma once

#include <memory>

#include "sweeps/samplers/sampler.h"

namespace ablate {

/// Gaussian-process optimisation for small budgets, as Optuna 5.0's GPSampler: after the first trials a process with a
/// Matérn 5/2 kernel, a length of its own for each parameter and noise (gp_regression.h) is fitted to what was
/// observed, and the trial with the largest expected improvement is proposed (expected_improvement.h). A suggestion
/// takes milliseconds for 100 trials and seconds for 1000: the cost grows with the cube.
///
/// Fields: "seed"; "startup_trials" (10), that many have to be finished first, until when numbers
/// come from a Sobol sequence and categories are drawn.
///
/// - A value that is infinite counts as the largest or smallest finite one; failed trials and NaN don't count.
/// - A pruned trial, or one that waits at a rung, counts with the last value that it reported, but as no better than
///   the median of the complete trials: cut short, it can't say more than that it was not among the good ones.
/// - Other unfinished trials count with what the process expects of them, so that parallel workers are sent to
///   different places; none gets the parameters of another one while there are others to try.
/// - Several objectives are weighed at random, anew for each trial: the largest of wᵢ fᵢ, plus .05 Σ wᵢ fᵢ, each fᵢ
///   scaled to [0, 1] (ParEGO: Knowles 2006).
std::unique_ptr<Sampler> make_gp_sampler(const SearchSpace& space, Fields& fields,
                                         const std::vector<Direction>& directions);

}  // namespace ablate
