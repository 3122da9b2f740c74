#include "sweeps/pruners/successive_halving.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runs/error.h"

namespace ablate {

HalvingOptions halving_options(Fields& fields, Step total_steps, Step reduction_factor) {
  HalvingOptions options;
  options.reduction_factor = fields.whole("reduction_factor", 2).value_or(reduction_factor);
  const double three_rungs = std::pow(static_cast<double>(options.reduction_factor), 3);
  options.min_resource = static_cast<Step>(std::ceil(static_cast<double>(total_steps) / three_rungs));
  if (fields.any("min_resource") != "auto")
    options.min_resource = fields.whole("min_resource", 1).value_or(options.min_resource);
  if (options.min_resource > 1 && options.min_resource >= total_steps)
    throw Error(
        fmt::format("{}: \"min_resource\" is {} steps, and a whole run has {}: no trial would be judged. Make it "
                    "smaller, or leave it out.",
                    fields.where(), options.min_resource, total_steps));
  options.bootstrap_count = fields.whole("bootstrap_count", 0).value_or(0);
  return options;
}

SuccessiveHalving::SuccessiveHalving(const HalvingOptions& options, Step total_steps)
    : reduction_factor_(static_cast<std::size_t>(options.reduction_factor)),
      bootstrap_count_(static_cast<std::size_t>(options.bootstrap_count)) {
  // A larger factor leaves the range at once as well, and could overflow.
  const Step factor = std::min(options.reduction_factor, std::max<Step>(total_steps, 2));
  Step left_out = options.min_early_stopping_rate;
  for (Step rung = options.min_resource; rung < total_steps; rung *= factor)
    if (left_out-- <= 0) rungs_.push_back(rung);
}

Verdict SuccessiveHalving::judge(const Study& study, const std::vector<const Trial*>& rivals,
                                 const Trial& trial) const {
  const auto arrived = arrival(trial);
  if (!arrived || arrived->step != trial.intermediate.rbegin()->first) return Verdict::go_on;
  return verdict(study, *arrived, bars(study, rivals));
}

std::optional<SuccessiveHalving::Promotion> SuccessiveHalving::promote(const Study& study,
                                                                       const std::vector<const Trial*>& rivals) const {
  std::optional<Promotion> first;
  const Bars bars = this->bars(study, rivals);
  for (const Trial* const trial : rivals) {
    if (!trial->paused()) continue;
    const auto arrived = arrival(*trial);
    if (!arrived || verdict(study, *arrived, bars) != Verdict::go_on) continue;
    const Promotion promotion{trial->number, rungs_[arrived->last - 1], arrived->value};
    if (!first || promotion.before(*first, study)) first = promotion;
  }
  return first;
}

bool SuccessiveHalving::Promotion::before(const Promotion& other, const Study& study) const {
  if (rung != other.rung) return rung > other.rung;
  if (value != other.value) return study.better(value, other.value);
  return number < other.number;
}

SuccessiveHalving::Bars SuccessiveHalving::bars(const Study& study, const std::vector<const Trial*>& rivals) const {
  Bars bars;
  for (const Step rung : rungs_) {
    std::vector<double> values;
    for (const Trial* const trial : rivals) {
      const auto at = trial->intermediate.lower_bound(rung);
      if (at != trial->intermediate.end() && !std::isnan(at->second)) values.push_back(at->second);
    }
    std::optional<double>& bar = bars.emplace_back();
    if (values.empty() || values.size() <= bootstrap_count_) continue;
    const auto worst =
        values.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(values.size() / reduction_factor_, 1) - 1);
    std::ranges::nth_element(values, worst, [&](double a, double b) { return study.better(a, b); });
    bar = *worst;
  }
  return bars;
}

std::optional<SuccessiveHalving::Arrival> SuccessiveHalving::arrival(const Trial& trial) const {
  if (trial.intermediate.empty()) return std::nullopt;
  const auto reached = [&](Step step) {
    return static_cast<std::size_t>(std::ranges::upper_bound(rungs_, step) - rungs_.begin());
  };
  const std::size_t last = reached(trial.intermediate.rbegin()->first);
  if (last == 0) return std::nullopt;
  const auto report = trial.intermediate.lower_bound(rungs_[last - 1]);
  const std::size_t first = report == trial.intermediate.begin() ? 0 : reached(std::prev(report)->first);
  return Arrival{report->first, report->second, first, last};
}

Verdict SuccessiveHalving::verdict(const Study& study, const Arrival& arrival, const Bars& bars) const {
  if (std::isnan(arrival.value)) return Verdict::prune;
  for (std::size_t rung = arrival.first; rung < arrival.last; ++rung)
    if (!bars[rung] || study.better(*bars[rung], arrival.value)) return Verdict::pause;
  return Verdict::go_on;
}

}  // namespace ablate
