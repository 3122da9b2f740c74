#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sweeps/study.h"

namespace ablate {

struct Importance {
  std::string key;
  std::optional<double> share;  ///< within [0, 1], of all parameters' importance
  std::string why;              ///< why it has none; empty where it has
};

struct Importances {
  std::vector<Importance> parameters;  ///< the most important first, then those without a share, else by key
  int trials = 0;                      ///< complete ones with a finite value
  int best = 0;  ///< how many of them the others are compared with; a handful makes shares trustworthy
};

/// How much it takes of each parameter to come among the best tenth: PED-ANOVA (Watanabe, Bansal and Hutter 2023,
/// arXiv 2304.10255; its form for parameters that exist only sometimes: arXiv 2601.20800), equal to Optuna 5.0's
/// get_param_importances. For several objectives it is about one of them, as with Optuna's `target`.
///
/// Of the n complete trials with a finite value, best are those no worse than the ⌈n/10⌉-th. A parameter's trials fall
/// into regimes, of one distribution each; with a the share of the best that are in a regime, b that of all, p the
/// density of its best and q that of all its trials on a grid, its importance is Σ a²/b Σ q (p/q − 1)², over regimes of
/// two trials or more. The grid has one place a category or value, at most 50 between low and high (in the logarithm
/// where log; of whole numbers then ⌈log₂(high − low + 1)⌉ + 1), a tie going down.
///
/// The density has a kernel around each place that was seen, weighing as much as it was, and the prior, weighing 1. Of
/// categories, k of them seen, a kernel has 1 more than the 1/(k + 1) that each has; of numbers it is a normal
/// distribution over places, cut off half a place beyond the ends, as wide as Scott's rule says (1.059 n^(−1/5)
/// min(σ, interquartile range / 1.34), at least .5/1.64); the prior is all categories alike, or in the middle, as wide
/// as the grid. 10⁻¹² is added everywhere.
///
/// Where there is nothing to tell we say why, and Optuna has 0 or equal shares: fewer than two trials have the
/// parameter, or all came to equal values. So we do of a parameter that had one value in all trials, to which Optuna
/// gives a share, by the weight of the prior alone; the others are what Optuna leaves them.
Importances importances(const Study& study, std::size_t objective = 0);

}  // namespace ablate
