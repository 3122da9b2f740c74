#include "sweeps/samplers/dominance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <queue>

namespace ablate {
namespace {

bool nowhere_above(const Losses& a, const Losses& b) {
  return std::ranges::equal(a, b, [](double x, double y) { return x <= y; });
}

double box(const Losses& point, const Losses& reference) {
  double volume = 1;
  for (std::size_t i = 0; i < point.size(); ++i) volume *= reference[i] - point[i];
  return volume;
}

/// Moves those of `sorted` (indices by Losses) that no other dominates to the result.
std::vector<int> take_front(const std::vector<Losses>& all, std::vector<int>& sorted) {
  std::vector<int> front, rest;
  for (const int index : sorted) {
    const Losses& losses = all[static_cast<std::size_t>(index)];
    const bool dominated = std::ranges::any_of(front, [&](int other) {
      const Losses& better = all[static_cast<std::size_t>(other)];
      return nowhere_above(better, losses) && better != losses;
    });
    (dominated ? rest : front).push_back(index);
  }
  sorted = std::move(rest);
  return front;
}

/// As in Optuna: beyond the worst of each objective, and not on it where that is 0.
Losses reference_of(const std::vector<Losses>& points) {
  Losses reference(points.front().size());
  for (std::size_t i = 0; i < reference.size(); ++i) {
    double worst = -std::numeric_limits<double>::infinity();
    for (const Losses& point : points) worst = std::max(worst, point[i]);
    reference[i] = std::max(1.1 * worst, .9 * worst);
    if (reference[i] == 0) reference[i] = 1e-12;
  }
  return reference;
}

/// What `point` adds to the volume of `chosen`.
double gain(const Losses& point, const std::vector<Losses>& chosen, const Losses& reference) {
  const double alone = box(point, reference);
  if (std::isinf(alone)) return alone;
  std::vector<Losses> common = chosen;
  for (Losses& each : common)
    for (std::size_t i = 0; i < point.size(); ++i) each[i] = std::max(each[i], point[i]);
  return alone - hypervolume(std::move(common), reference);
}

/// Places of the `count` < points.size() points, all different, that add most, one after the other.
std::vector<int> greedy_places(const std::vector<Losses>& points, std::size_t count) {
  std::vector<int> places(count);
  std::iota(places.begin(), places.end(), 0);
  const Losses reference = reference_of(points);
  if (!std::ranges::all_of(reference, [](double value) { return std::isfinite(value); })) return places;
  places.clear();
  // What a point adds only shrinks while others are chosen, so an old figure is a bound.
  struct Bound {
    double gain;
    int place;
    std::size_t chosen;  ///< how many had been chosen then
    bool operator<(const Bound& other) const { return gain != other.gain ? gain < other.gain : place > other.place; }
  };
  std::priority_queue<Bound> bounds;
  for (std::size_t i = 0; i < points.size(); ++i) bounds.push({box(points[i], reference), static_cast<int>(i), 0});
  std::vector<Losses> chosen;
  while (chosen.size() < count) {
    const Bound best = bounds.top();
    bounds.pop();
    const Losses& point = points[static_cast<std::size_t>(best.place)];
    if (best.chosen < chosen.size()) {
      bounds.push({gain(point, chosen, reference), best.place, chosen.size()});
      continue;
    }
    places.push_back(best.place);
    chosen.push_back(point);
  }
  return places;
}

/// `count` of the front's indices, which stand by Losses, then by themselves.
std::vector<int> best_of_front(const std::vector<Losses>& all, const std::vector<int>& front, std::size_t count) {
  std::vector<int> different, again;
  std::vector<Losses> points;
  for (const int index : front) {
    const Losses& losses = all[static_cast<std::size_t>(index)];
    const bool known = !points.empty() && points.back() == losses;
    (known ? again : different).push_back(index);
    if (!known) points.push_back(losses);
  }
  if (different.size() <= count) {
    std::ranges::sort(again);
    different.insert(different.end(), again.begin(),
                     again.begin() + static_cast<std::ptrdiff_t>(count - different.size()));
    return different;
  }
  std::vector<int> best;
  for (const int place : greedy_places(points, count)) best.push_back(different[static_cast<std::size_t>(place)]);
  return best;
}

}  // namespace

double hypervolume(std::vector<Losses> points, Losses reference) {
  if (points.empty()) return 0;
  if (reference.size() == 1) return reference[0] - std::ranges::min(points)[0];
  // Slices along the last objective, from the best on: what is below each counts in it.
  std::ranges::sort(points, {}, [](const Losses& point) { return point.back(); });
  const double end = reference.back();
  reference.pop_back();
  std::vector<Losses> below;
  double volume = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double from = points[i].back(), to = i + 1 < points.size() ? points[i + 1].back() : end;
    points[i].pop_back();
    std::erase_if(below, [&](const Losses& other) { return nowhere_above(points[i], other); });
    if (std::ranges::none_of(below, [&](const Losses& other) { return nowhere_above(other, points[i]); }))
      below.push_back(points[i]);
    if (to > from) volume += (to - from) * hypervolume(below, reference);
  }
  return volume;
}

std::vector<int> best_by_dominance(const std::vector<Losses>& all, std::size_t count) {
  std::vector<int> left(all.size());
  std::iota(left.begin(), left.end(), 0);
  std::ranges::stable_sort(left, {}, [&](int index) -> const Losses& { return all[static_cast<std::size_t>(index)]; });
  std::vector<int> best;
  while (best.size() < count && !left.empty()) {
    std::vector<int> front = take_front(all, left);
    if (best.size() + front.size() > count) front = best_of_front(all, front, count - best.size());
    best.insert(best.end(), front.begin(), front.end());
  }
  return best;
}

}  // namespace ablate
