#include "sweeps/samplers/ranking.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sweeps/samplers/dominance.h"

namespace ablate {
namespace {

constexpr double kComplete = 0, kPruned = 1, kInfeasible = 2;

double loss(const Study& study, double value, std::size_t objective) {
  return study.directions[objective] == Direction::maximize ? -value : value;
}

/// Optuna's constraints hold where they are not above 0. Before 5.0 they were a list, "constraints", since then each
/// has its own attribute, "constraints:NAME".
double violation(const Trial& trial) {
  double sum = 0;
  for (const auto& [key, value] : trial.system_attrs.items()) {
    if (!key.starts_with("constraints")) continue;
    for (const nlohmann::json& each : value.is_array() ? value : nlohmann::json::array({value}))
      if (each.is_number()) sum += std::max(0.0, each.get<double>());
  }
  return sum;
}

}  // namespace

std::optional<Rank> rank_of(const Study& study, const Trial& trial) {
  const bool complete = trial.state == TrialState::complete;
  if (!complete && trial.state != TrialState::pruned && !trial.paused()) return std::nullopt;
  if (complete && (trial.values.size() != study.directions.size() ||
                   std::ranges::any_of(trial.values, [](double value) { return std::isnan(value); })))
    return std::nullopt;
  if (const double sum = violation(trial); sum > 0) return Rank{kInfeasible, sum, 0};
  if (complete) return Rank{kComplete, study.directions.size() == 1 ? loss(study, trial.values[0], 0) : 0, 0};
  if (trial.intermediate.empty()) return Rank{kPruned, 1, 0};
  const auto& [step, value] = *trial.intermediate.rbegin();
  return Rank{kPruned, -static_cast<double>(step),
              std::isnan(value) ? std::numeric_limits<double>::infinity() : loss(study, value, 0)};
}

std::vector<int> best_trials(const Study& study, std::vector<int> ranked, const std::vector<Rank>& ranks,
                             std::size_t count) {
  const auto rank = [&](int number) -> const Rank& { return ranks[static_cast<std::size_t>(number)]; };
  const auto better = [&](int a, int b) { return rank(a) != rank(b) ? rank(a) < rank(b) : a < b; };
  count = std::min(count, ranked.size());
  if (study.directions.size() > 1) {
    const auto complete = std::ranges::partition(ranked, [&](int number) { return rank(number)[0] == kComplete; });
    const std::size_t completes = ranked.size() - complete.size();
    if (count < completes) {
      std::vector<Losses> losses;
      ranked.resize(completes);
      std::ranges::sort(ranked);
      for (const int number : ranked) {
        losses.push_back(study.trials[static_cast<std::size_t>(number)].values);
        for (std::size_t i = 0; i < losses.back().size(); ++i) losses.back()[i] = loss(study, losses.back()[i], i);
      }
      std::vector<int> best;
      for (const int index : best_by_dominance(losses, count)) best.push_back(ranked[static_cast<std::size_t>(index)]);
      return best;
    }
  }
  std::ranges::nth_element(ranked, ranked.begin() + static_cast<std::ptrdiff_t>(count), better);
  ranked.resize(count);
  return ranked;
}

}  // namespace ablate
