#include "sweeps/importance.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <set>

namespace ablate {
namespace {

using TrialList = std::vector<const Trial*>;

/// Counts by place of a grid, or densities.
using OnGrid = std::vector<double>;

TrialList complete_trials(const Study& study, std::size_t objective) {
  TrialList trials;
  for (const Trial& trial : study.trials)
    if (trial.state == TrialState::complete && trial.values.size() > objective &&
        std::isfinite(trial.values[objective]))
      trials.push_back(&trial);
  return trials;
}

TrialList best_tenth(const Study& study, const TrialList& trials, std::size_t objective) {
  const double sign = study.directions.at(objective) == Direction::maximize ? -1 : 1;
  const auto loss = [&](const Trial* trial) { return sign * trial->values[objective]; };
  std::vector<double> losses;
  std::ranges::transform(trials, std::back_inserter(losses), loss);
  const auto worst =
      losses.begin() + static_cast<std::ptrdiff_t>(std::ceil(.1 * static_cast<double>(losses.size()))) - 1;
  std::ranges::nth_element(losses, worst);
  TrialList best;
  std::ranges::copy_if(trials, std::back_inserter(best), [&](const Trial* trial) { return loss(trial) <= *worst; });
  return best;
}

int grid_size(const Distribution& distribution) {
  constexpr double kMost = 50;
  if (distribution.type == Distribution::Type::categorical) return static_cast<int>(distribution.choices.size());
  const double range = distribution.high - distribution.low;
  double size = kMost;
  if (distribution.type == Distribution::Type::integer && distribution.log)
    size = std::ceil(std::log(range + 1) / std::numbers::ln2) + 1;
  else if (distribution.step)
    size = std::round(range / *distribution.step) + 1;
  return static_cast<int>(std::min(size, kMost));
}

OnGrid counts_on_grid(const std::string& key, const Distribution& distribution, const TrialList& trials) {
  OnGrid counts(static_cast<std::size_t>(grid_size(distribution)));
  const auto last = static_cast<double>(counts.size() - 1);
  const auto scale = [&](double value) { return distribution.log ? std::log(value) : value; };
  const double low = scale(distribution.low), place = (scale(distribution.high) - low) / last;
  for (const Trial* const trial : trials) {
    double at = trial->params.at(key);
    if (distribution.type != Distribution::Type::categorical)
      at = std::clamp(std::ceil((scale(at) - low) / place - .5), 0.0, last);
    ++counts[static_cast<std::size_t>(at)];
  }
  return counts;
}

/// Of the standard normal distribution, between a and b.
double mass_between(double a, double b) {
  if (a > 0) return mass_between(-b, -a);
  return .5 * (std::erfc(-b / std::numbers::sqrt2) - std::erfc(-a / std::numbers::sqrt2));
}

void add_normal(OnGrid& density, double weight, double mean, double width) {
  const auto mass = [&](double from, double to) { return mass_between((from - mean) / width, (to - mean) / width); };
  const double all = mass(-.5, static_cast<double>(density.size()) - .5);
  for (std::size_t i = 0; i < density.size(); ++i) {
    const auto at = static_cast<double>(i);
    density[i] += weight * mass(at - .5, at + .5) / all;
  }
}

/// Scott's rule, with the quartiles as Optuna finds them.
double kernel_width(const OnGrid& counts) {
  double n = 0, mean = 0, squares = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    n += counts[i];
    mean += static_cast<double>(i) * counts[i];
  }
  mean /= n;
  for (std::size_t i = 0; i < counts.size(); ++i) squares += counts[i] * std::pow(static_cast<double>(i) - mean, 2);
  std::size_t low = counts.size(), high = 0;
  double seen = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    if (seen <= std::floor(n * 3 / 4)) high = i;
    seen += counts[i];
    if (seen >= std::floor(n / 4)) low = std::min(low, i);
  }
  const double sigma = std::sqrt(squares / std::max(1.0, n - 1));
  return std::max(1.059 * std::min(static_cast<double>(high - low) / 1.34, sigma) * std::pow(n, -.2), .5 / 1.64);
}

OnGrid density_on_grid(const Distribution& distribution, const OnGrid& counts) {
  OnGrid density(counts.size(), 1e-12);
  const double weights = std::accumulate(counts.begin(), counts.end(), 1.0);
  const auto size = static_cast<double>(counts.size());
  if (distribution.type == Distribution::Type::categorical) {
    const auto seen = static_cast<double>(counts.size() - static_cast<std::size_t>(std::ranges::count(counts, 0.0)));
    const double each = 1 / (seen + 1), whole = size * each + 1;
    for (std::size_t i = 0; i < counts.size(); ++i)
      density[i] += (counts[i] / whole + (weights - 1) * each / whole + 1 / size) / weights;
    return density;
  }
  const double width = kernel_width(counts);
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > 0) add_normal(density, counts[i] / weights, static_cast<double>(i), width);
  add_normal(density, 1 / weights, (size - 1) / 2, size);
  return density;
}

/// Pearson's divergence, Σ q (p/q − 1)².
double divergence(const OnGrid& p, const OnGrid& q) {
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) sum += q[i] * std::pow(p[i] / q[i] - 1, 2);
  return sum;
}

struct Regime {
  const Distribution* distribution;
  TrialList all, best;
};

/// By distribution, in the order in which they come up.
std::vector<Regime> regimes_of(const std::string& key, const TrialList& trials, const TrialList& best) {
  std::vector<Regime> regimes;
  const auto sort = [&](const TrialList& from, TrialList Regime::*into) {
    for (const Trial* const trial : from) {
      const auto own = trial->distributions.find(key);
      if (own == trial->distributions.end() || !own->second->contains(trial->params.at(key))) continue;
      auto regime = std::ranges::find_if(regimes, [&](const Regime& one) { return *one.distribution == *own->second; });
      if (regime == regimes.end()) regime = regimes.insert(regime, {own->second.get(), {}, {}});
      ((*regime).*into).push_back(trial);
    }
  };
  sort(trials, &Regime::all);
  sort(best, &Regime::best);
  return regimes;
}

/// `share` is not yet one of anything.
Importance importance_of(const std::string& key, const TrialList& trials, const TrialList& best) {
  std::vector<Regime> regimes = regimes_of(key, trials, best);
  std::erase_if(regimes, [](const Regime& regime) { return regime.all.size() < 2; });
  if (regimes.empty()) return {key, {}, "Fewer than two complete trials have it."};
  std::set<double> values;
  double sum = 0;
  for (const auto& [distribution, all, good] : regimes) {
    for (const Trial* const trial : all) values.insert(trial->params.at(key));
    if (good.empty() || distribution->count() == 1) continue;
    const double a = static_cast<double>(good.size()) / static_cast<double>(best.size());
    const double b = static_cast<double>(all.size()) / static_cast<double>(trials.size());
    sum += a * a / b *
           divergence(density_on_grid(*distribution, counts_on_grid(key, *distribution, good)),
                      density_on_grid(*distribution, counts_on_grid(key, *distribution, all)));
  }
  return {key, sum, values.size() == 1 ? "It had the same value in all trials." : ""};
}

}  // namespace

Importances importances(const Study& study, std::size_t objective) {
  const TrialList trials = complete_trials(study, objective);
  const TrialList best = trials.empty() ? trials : best_tenth(study, trials, objective);
  std::set<std::string> keys;
  for (const Trial* const trial : trials)
    for (const auto& [key, distribution] : trial->distributions) keys.insert(key);

  Importances result{{}, static_cast<int>(trials.size()), static_cast<int>(best.size())};
  for (const std::string& key : keys) {
    if (trials.size() < 2)
      result.parameters.push_back({key, {}, "There are fewer than two complete trials."});
    else if (best.size() == trials.size())
      result.parameters.push_back({key, {}, "All trials came to the same value."});
    else
      result.parameters.push_back(importance_of(key, trials, best));
  }
  double sum = 0;
  for (const Importance& one : result.parameters) sum += one.share.value_or(0);
  for (Importance& one : result.parameters)
    one.share = one.share && one.why.empty() ? std::optional(sum > 0 ? *one.share / sum : 0) : std::nullopt;
  std::ranges::stable_sort(result.parameters, std::greater(), &Importance::share);
  return result;
}

}  // namespace ablate
