#pragma once

#include <array>
#include <optional>
#include <vector>

#include "sweeps/study.h"

namespace ablate {

/// Where a trial that has come to something stands among others of one objective: what is less is better. Complete
/// ones by value, then pruned and paused ones by how far they came and their value there, then those that violate
/// Optuna's constraints, by how much. Of several objectives complete ones are alike.
using Rank = std::array<double, 3>;

/// nullopt for what has come to nothing: FAIL, RUNNING, WAITING, a value that is not a number, a missing value.
std::optional<Rank> rank_of(const Study& study, const Trial& trial);

/// What TPE, of Optuna 5.0, learns from as good: the numbers of the `count` best of `ranked`, in no order; of several
/// objectives complete ones by best_by_dominance. `ranks`: by trial number.
std::vector<int> best_trials(const Study& study, std::vector<int> ranked, const std::vector<Rank>& ranks,
                             std::size_t count);

}  // namespace ablate
