#pragma once

#include <vector>

namespace ablate {

/// One value an objective, less being better.
using Losses = std::vector<double>;

/// The volume that `points` dominate below `reference`, which none of them exceeds anywhere.
double hypervolume(std::vector<Losses> points, Losses reference);

/// Indices of the `count` best of `all`, in no order, as Optuna 5.0's TPESampler takes them: front after front (those
/// that nothing left dominates); of the first front that is too large, greedily, the points that add most to the
/// hypervolume below 1.1 times the worst of that front (Guerreiro, Fonseca and Paquete 2016).
std::vector<int> best_by_dominance(const std::vector<Losses>& all, std::size_t count);

}  // namespace ablate
