#pragma once

#include <memory>

#include "sweeps/samplers/sampler.h"

namespace ablate {

/// The tree-structured Parzen estimator (Bergstra et al. 2011), with the choices of Optuna 5.0's TPESampler: after
/// "n_startup_trials" (10) random trials, of "n_ei_candidates" (24) draws from a density over the good trials the one
/// where that is highest over the density over all others (parzen.h). Good are, of n that have come to something, the
/// min(⌈n/10⌉, 25) best (of several objectives, where fronts and hypervolume decide, ⌈n/10⌉; ranking.h). The latest 25
/// others weigh 1, older ones down to 1/n.
///
/// Fields, with our defaults: "multivariate" (true): one density over several parameters instead of one for each;
/// "group" (true; needs the former): over those that past trials had always together, so that parameters that exist
/// only sometimes have theirs; else over those that all had. "constant_liar" (true): trials that run still count among
/// the others, so that workers keep off each other's. Optuna's own default has no groups.
///
/// A trial that waits at a rung counts as pruned there, as Optuna, which doesn't know waiting, has it. Values beyond
/// their range, of a study whose space was changed, are as if they weren't there.
std::unique_ptr<Sampler> make_tpe_sampler(const SearchSpace& space, Fields& fields,
                                          const std::vector<Direction>& directions);

}  // namespace ablate
