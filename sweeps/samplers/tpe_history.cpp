#include "sweeps/samplers/tpe_history.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace ablate {
namespace {

std::vector<double> recency_weights(std::size_t count) {
  constexpr std::size_t kLatest = 25;
  std::vector<double> weights(count, 1.0);
  if (count <= kLatest) return weights;
  const double first = 1 / static_cast<double>(count), older = static_cast<double>(count - kLatest);
  for (std::size_t i = 0; i < count - kLatest; ++i)
    weights[i] = older == 1 ? first : first + static_cast<double>(i) * ((1 - first) / (older - 1));
  return weights;
}

}  // namespace

TpeHistory::TpeHistory(const SearchSpace& space) {
  for (const Parameter& parameter : space.parameters())
    columns_.push_back({parameter.key, Axis(parameter.distribution), {}, {}, {}});
}

void TpeHistory::follow(const Study& study, int number) {
  std::vector<int> fresh = std::move(open_);
  // They may be in the orders as they were; they get in as they are.
  for (Column& column : columns_)
    for (const int each : fresh) std::erase(column.order, each);
  for (std::size_t i = ranks_.size(); i < study.trials.size(); ++i) fresh.push_back(static_cast<int>(i));
  resize(study.trials.size());
  open_.clear();
  for (const int each : fresh) {
    const Trial& trial = study.trials[static_cast<std::size_t>(each)];
    if (!finished(trial.state)) open_.push_back(each);
    read(study, trial, each == number);
  }
  ranked_.clear();
  running_.clear();
  for (std::size_t i = 0; i < standings_.size(); ++i)
    if (standings_[i] != Standing::none)
      (standings_[i] == Standing::ranked ? ranked_ : running_).push_back(static_cast<int>(i));
  update_presence();
}

void TpeHistory::resize(std::size_t count) {
  ranks_.resize(count);
  standings_.resize(count);
  set_of_.resize(count);
  for (Column& column : columns_) column.units.resize(count);
}

void TpeHistory::read(const Study& study, const Trial& trial, bool left_out) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const auto number = static_cast<std::size_t>(trial.number);
  const std::optional<Rank> rank = rank_of(study, trial);
  standings_[number] = left_out                             ? Standing::none
                       : rank                               ? Standing::ranked
                       : trial.state == TrialState::running ? Standing::running
                                                            : Standing::none;
  ranks_[number] = rank.value_or(Rank{});
  std::vector<bool> set;
  for (Column& column : columns_) {
    const auto found = trial.params.find(column.key);
    set.push_back(standings_[number] != Standing::none && found != trial.params.end() &&
                  column.axis.contains(found->second));
    column.units[number] = set.back() ? column.axis.to_unit(found->second) : kNone;
    if (!set.back() || column.axis.categorical()) continue;
    const auto less = [&](int a, int b) {
      const double first = column.units[static_cast<std::size_t>(a)],
                   second = column.units[static_cast<std::size_t>(b)];
      return first != second ? first < second : a < b;
    };
    column.order.insert(std::ranges::upper_bound(column.order, trial.number, less), trial.number);
  }
  const auto known = std::ranges::find(sets_, set);
  set_of_[number] = static_cast<std::size_t>(known - sets_.begin());
  if (known == sets_.end()) sets_.push_back(std::move(set));
}

void TpeHistory::update_presence() {
  std::vector<bool> used(sets_.size());
  for (const int number : ranked_) used[set_of_[static_cast<std::size_t>(number)]] = true;
  for (std::size_t parameter = 0; parameter < columns_.size(); ++parameter) {
    std::vector<bool>& presence = columns_[parameter].presence;
    presence.clear();
    for (std::size_t i = 0; i < sets_.size(); ++i)
      if (used[i]) presence.push_back(sets_[i][parameter]);
  }
}

std::vector<std::size_t> TpeHistory::group_of(std::size_t parameter) const {
  const std::vector<bool>& presence = columns_[parameter].presence;
  if (std::ranges::find(presence, true) == presence.end()) return {parameter};
  std::vector<std::size_t> group;
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (columns_[i].presence == presence && columns_[i].axis.distribution().count() != 1) group.push_back(i);
  return group;
}

bool TpeHistory::always_there(std::size_t parameter) const {
  return std::ranges::find(columns_[parameter].presence, false) == columns_[parameter].presence.end();
}

ParzenEstimator TpeHistory::density(const std::vector<int>& trials, const std::vector<std::size_t>& block,
                                    TpeWeights weights) const {
  std::vector<bool> holds_block;
  for (const std::vector<bool>& set : sets_)
    holds_block.push_back(std::ranges::all_of(block, [&](std::size_t parameter) { return set[parameter]; }));
  std::vector<int> complete;
  complete.reserve(trials.size());
  for (const int number : trials)
    if (holds_block[set_of_[static_cast<std::size_t>(number)]]) complete.push_back(number);
  std::vector<double> trial_weights =
      weights == TpeWeights::equal ? std::vector<double>(complete.size(), 1.0) : recency_weights(complete.size());
  const Column* const along = sort_along(block, complete, trial_weights);
  std::vector<int> places;  // in `complete`, by number
  std::vector<Observations> observations;
  for (const std::size_t parameter : block) {
    const Column& column = columns_[parameter];
    Observations& each = observations.emplace_back(Observations{&column.axis, {}, {}});
    each.units.reserve(complete.size() + 1);  // The estimator adds its prior.
    for (const int number : complete) each.units.push_back(column.units[static_cast<std::size_t>(number)]);
    if (&column == along) {
      each.order.resize(complete.size());
      std::iota(each.order.begin(), each.order.end(), 0);
      continue;
    }
    if (places.empty()) places = places_of(complete);
    each.order.reserve(complete.size());
    for (const int number : column.order)
      if (const int place = places[static_cast<std::size_t>(number)]; place >= 0) each.order.push_back(place);
  }
  return {std::move(observations), std::move(trial_weights)};
}

std::vector<int> TpeHistory::places_of(const std::vector<int>& trials) const {
  std::vector<int> places(ranks_.size(), -1);
  for (std::size_t i = 0; i < trials.size(); ++i) places[static_cast<std::size_t>(trials[i])] = static_cast<int>(i);
  return places;
}

const TpeHistory::Column* TpeHistory::sort_along(const std::vector<std::size_t>& block, std::vector<int>& trials,
                                                 std::vector<double>& weights) const {
  const auto continuous = std::ranges::find_if(block, [&](std::size_t parameter) {
    return !columns_[parameter].axis.categorical() && !columns_[parameter].axis.stepped();
  });
  if (continuous == block.end()) return nullptr;
  const Column& column = columns_[*continuous];
  const std::vector<int> places = places_of(trials);
  const std::vector<double> as_they_were = weights;
  std::size_t count = 0;
  for (const int number : column.order)
    if (const int place = places[static_cast<std::size_t>(number)]; place >= 0) {
      trials[count] = number;
      weights[count++] = as_they_were[static_cast<std::size_t>(place)];
    }
  return &column;
}

TpeSplit split_trials(const Study& study, const TpeHistory& history, bool constant_liar) {
  const std::vector<int>& ranked = history.ranked();
  const bool one = study.directions.size() == 1;
  const double tenth = std::ceil(.1 * static_cast<double>(ranked.size()));
  TpeSplit split{
      best_trials(study, ranked, history.ranks(), static_cast<std::size_t>(one ? std::min(tenth, 25.0) : tenth)),
      {},
      one ? TpeWeights::recent : TpeWeights::equal};
  std::ranges::sort(split.good);
  std::ranges::set_difference(ranked, split.good, std::back_inserter(split.other));
  if (!constant_liar) return split;
  std::vector<int> others;
  std::ranges::merge(split.other, history.running(), std::back_inserter(others));
  split.other = std::move(others);
  return split;
}

}  // namespace ablate
