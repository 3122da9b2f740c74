#include "sweeps/pruners/median.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ablate {
namespace {

struct MedianOptions {
  double percentile;
  Step startup_trials, warmup_steps, interval_steps, min_trials;
};

/// Between the values at (n − 1)·share, linearly, rounded as numpy's percentile rounds. NaN for none.
double interpolated(std::vector<double> values, double share) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::ranges::sort(values);
  const double place = static_cast<double>(values.size() - 1) * share;
  const auto left = static_cast<std::size_t>(place);
  const double t = place - std::floor(place), a = values[left], b = values[std::min(left + 1, values.size() - 1)];
  return t < .5 ? a + (b - a) * t : b - (b - a) * (1 - t);
}

class MedianPruner : public Pruner {
 public:
  explicit MedianPruner(const MedianOptions& options) : options_(options) {}

  Verdict judge(const Study& study, const Trial& trial) const override {
    if (trial.intermediate.empty() || !judges_here(trial)) return Verdict::go_on;
    const Step step = trial.intermediate.rbegin()->first;
    Step complete = 0, reported = 0;
    std::vector<double> values;
    for (const Trial& other : study.trials) {
      if (other.state != TrialState::complete) continue;
      ++complete;
      const auto found = other.intermediate.find(step);
      if (found == other.intermediate.end()) continue;
      ++reported;
      if (!std::isnan(found->second)) values.push_back(found->second);
    }
    if (complete < std::max<Step>(options_.startup_trials, 1)) return Verdict::go_on;
    const auto by_value = [&](const auto& a, const auto& b) { return study.better(a.second, b.second); };
    const double best = std::ranges::min_element(trial.intermediate, by_value)->second;
    if (std::isnan(best)) return Verdict::prune;
    if (reported < options_.min_trials) return Verdict::go_on;
    const bool maximize = study.directions.front() == Direction::maximize;
    const double bar =
        interpolated(std::move(values), (maximize ? 100 - options_.percentile : options_.percentile) / 100);
    return (maximize ? best < bar : best > bar) ? Verdict::prune : Verdict::go_on;
  }

 private:
  /// Whether the last report is the first of its interval.
  bool judges_here(const Trial& trial) const {
    const auto last = trial.intermediate.rbegin();
    const Step since = last->first - options_.warmup_steps;
    if (since < 0) return false;
    const Step begin = last->first - since % options_.interval_steps;
    return std::next(last) == trial.intermediate.rend() || std::next(last)->first < begin;
  }

  MedianOptions options_;
};

}  // namespace

std::unique_ptr<Pruner> make_median_pruner(Fields& fields, Step) {
  return std::make_unique<MedianPruner>(MedianOptions{.percentile = fields.number("percentile", 0, 100).value_or(50),
                                                      .startup_trials = fields.whole("n_startup_trials", 0).value_or(5),
                                                      .warmup_steps = fields.whole("n_warmup_steps", 0).value_or(0),
                                                      .interval_steps = fields.whole("interval_steps", 1).value_or(1),
                                                      .min_trials = fields.whole("n_min_trials", 1).value_or(1)});
}

}  // namespace ablate
