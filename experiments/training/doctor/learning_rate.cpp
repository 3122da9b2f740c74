#include "experiments/training/doctor/learning_rate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ablate {
namespace {

/// Of a run's steps: a schedule that leaves them their rate for so many is not at fault.
constexpr double kEnoughOfTheSteps = 0.35;

/// From here on a lower rate is not tried: it could not get far further; nor where something else speaks for it.
constexpr double kNoRoom = 0.8, kHardlyRoom = 0.9;

/// Of a first step, relative to the weights: what throws them away, and a usual one.
constexpr double kWildStep = 0.5, kUsualStep = 0.02;

/// learning-rate-too-high of a run that has come to terms with its rate and learns, but less than it could: a short
/// training would not show it.
bool first_steps_are_wild(Attempts& attempts, const Rate& lr) {
  std::vector<double> steps;
  for (const LayerActivity::Layer& layer : attempts.start().layers)
    if (layer.update_ratio) steps.push_back(*layer.update_ratio);
  if (steps.empty() || (attempts.patient().task.higher_is_better() && attempts.own() > kHardlyRoom)) return false;
  std::ranges::nth_element(steps, steps.begin() + std::ssize(steps) / 2);
  const double step = steps[steps.size() / 2];
  attempts.note(fmt::format("the first step is {:.2g} times as long as the weights", step));
  return step > kWildStep &&
         attempts.cured_by("learning-rate-too-high",
                           fmt::format("A learning rate of {:g} is too high (the first step is {:.2g} times as long as "
                                       "the weights)",
                                       lr.value, step),
                           {lr.times(std::pow(10, std::round(std::log10(kUsualStep / step))))}, "optimizer",
                           kVeryLongAttempt);
}

}  // namespace

std::string Rate::times(double factor) const { return fmt::format("{} = {:.3g}", key, value * factor); }

Rate rate_of(const RunConfig& config) {
  const std::string schedule = config.text("schedule.name");
  const bool top = config.is_set("schedule.max_lr") && (schedule == "onecycle" || schedule == "cyclic");
  const std::string key = top ? "schedule.max_lr" : "optimizer.lr";
  return {key, config.real(key)};
}

bool other_rate(Attempts& attempts) {
  const Rate lr = rate_of(attempts.config());
  std::vector<std::string> lower{lr.times(0.1)}, higher{lr.times(30)};
  if (!attempts.has_learnt()) {
    for (const double factor : {0.01, 0.001, 0.0001}) lower.push_back(lr.times(factor));
    higher.push_back(lr.times(1000));
  }
  if (lr.value == 0) {
    lower.clear();
    higher = {lr.key + " = 0.001"};
  }
  return attempts.cured_by("learning-rate-too-low",
                           fmt::format("Gradients are cut to a length of {:g}, which leaves too little of a step",
                                       attempts.config().real("train.clip_norm")),
                           {"train.clip_norm = 0"}) ||
         attempts.cured_by("learning-rate-too-high", fmt::format("A learning rate of {:g} is too high", lr.value),
                           lower) ||
         attempts.cured_by("learning-rate-too-low", fmt::format("A learning rate of {:g} is too low", lr.value),
                           higher) ||
         first_steps_are_wild(attempts, lr);
}

bool schedule_starves(Attempts& attempts) {
  const Rates rates = rates_of(attempts.config(), attempts.patient().data);
  if (rates.near_highest > kEnoughOfTheSteps || !(rates.last < 0.1 * rates.highest.lr)) return false;
  const auto high = attempts.gone_on("", kLongAttempt, Mode::train);
  const std::string line = attempts.last_note();
  if (!attempts.cures(high)) return false;
  const auto low = attempts.gone_on("", kLongAttempt, Mode::train, rates.last);
  if (!low || !(attempts.metric().better(high->metric, low->metric) > kWorthIt)) return false;
  attempts.found(
      {"learning-rate-too-low",
       "optimizer",
       0.9,
       fmt::format("The schedule {} takes the learning rate away too early ({:.0f} % of the steps have more than a "
                   "tenth of the highest): {} steps that go on from the end at that rate get from {} {} to {}, and "
                   "as many at the schedule's last rate to {}.",
                   attempts.config().text("schedule.name"), 100 * rates.near_highest, high->steps,
                   attempts.metric().word(), share_word(attempts.own()), share_word(high->metric),
                   share_word(low->metric)),
       {line, attempts.last_note()},
       "schedule.name = constant"});
  return true;
}

bool rate_never_settles(Attempts& attempts) {
  if (attempts.patient().task.higher_is_better() && attempts.own() > kNoRoom) return false;
  const double last = rates_of(attempts.config(), attempts.patient().data).last;
  const auto far_better = [&](const Rehearsal& made, double metric) {
    return attempts.metric().better(made.metric, metric) > kFarBetter;
  };
  const auto lower = attempts.gone_on("", attempts.steps(), Mode::train, 0.1 * last);
  const std::string line = attempts.last_note();
  if (!attempts.cures(lower) || !far_better(*lower, attempts.own())) return false;
  const auto as_it_is = attempts.gone_on("", attempts.steps(), Mode::train, last);
  if (!as_it_is || (as_it_is->finite && !far_better(*lower, as_it_is->metric))) return false;
  attempts.found({"learning-rate-too-high",
                  "optimizer",
                  0.85,
                  fmt::format("A learning rate of {:.3g} at the end is too high for the weights to settle: {} steps "
                              "that go on from there at a tenth of it get from {} {} to {} on training data, and as "
                              "many at the same rate to {}.",
                              last, lower->steps, attempts.metric().word(), share_word(attempts.own()),
                              share_word(lower->metric), share_word(as_it_is->metric)),
                  {line, attempts.last_note()},
                  "schedule.name = cosine"});
  return true;
}

bool spoilt_later(Attempts& attempts) {
  if ((attempts.has_learnt() && !attempts.unchanged_was_made()) ||
      !attempts.cures(attempts.unchanged(attempts.steps())))
    return false;
  const Rehearsal& made = *attempts.unchanged(attempts.steps());
  const RunConfig& config = attempts.config();
  const std::string decay = config.is_set("optimizer.weight_decay")
                                ? fmt::format(" (its weight decay is {:g})", config.real("optimizer.weight_decay"))
                                : "";
  attempts.untested(fmt::format(
      "what spoilt it: {} steps from the start with its own settings, at their highest rate, get to {} {}, all {} to "
      "{}{}",
      made.steps, attempts.metric().word(), share_word(made.metric), attempts.patient().steps,
      share_word(attempts.own()), decay));
  return true;
}

}  // namespace ablate
