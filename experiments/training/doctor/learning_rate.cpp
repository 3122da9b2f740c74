#include "experiments/training/doctor/learning_rate.h"

#include <fmt/format.h>

namespace ablate {
namespace {

/// Of a run's steps: a schedule that leaves them their rate for so many is not at fault.
constexpr double kMostOfTheSteps = 0.5;

}  // namespace

std::string Rate::times(double factor) const { return fmt::format("{} = {:.3g}", key, value * factor); }

Rate rate_of(const RunConfig& config) {
  const std::string schedule = config.text("schedule.name");
  const bool top = config.is_set("schedule.max_lr") && (schedule == "onecycle" || schedule == "cyclic");
  const std::string key = top ? "schedule.max_lr" : "optimizer.lr";
  return {key, config.real(key)};
}

bool other_rate(Attempts& attempts, bool learnt) {
  const Rate lr = rate_of(attempts.config());
  std::vector<std::string> lower{lr.times(0.1)}, higher{lr.times(30)};
  if (!learnt) {
    for (const double factor : {0.01, 0.001, 0.0001}) lower.push_back(lr.times(factor));
    higher.push_back(lr.times(1000));
  }
  if (lr.value == 0) {
    lower.clear();
    higher = {lr.key + " = 0.001"};
  }
  return attempts.cured_by("learning-rate-too-high", fmt::format("A learning rate of {:g} is too high", lr.value),
                           lower) ||
         attempts.cured_by("learning-rate-too-low", fmt::format("A learning rate of {:g} is too low", lr.value),
                           higher);
}

bool spoilt_later(Attempts& attempts, bool learnt) {
  if ((learnt && !attempts.unchanged_was_made()) || !attempts.cures(attempts.unchanged())) return false;
  const Rehearsal& own = *attempts.unchanged();
  const std::string line = fmt::format(
      "{} steps from the start with its own settings, at their highest rate, get to {} {}, all {} to {}", own.steps,
      attempts.metric().word(), share_word(own.metric), attempts.patient().steps, share_word(attempts.own()));
  if (own.near_peak > kMostOfTheSteps) {
    attempts.untested(fmt::format("what spoilt it: {} (its weight decay is {:g})", line,
                                  attempts.config().real("optimizer.weight_decay")));
    return true;
  }
  Finding finding;
  finding.cause = "learning-rate-too-low";
  finding.layer = "optimizer";
  finding.confidence = 0.85;
  finding.sentence = fmt::format(
      "The schedule {} takes the learning rate away too early ({:.0f} % of the steps have more than a tenth of the "
      "highest): {}.",
      attempts.config().text("schedule.name"), 100 * own.near_peak, line);
  finding.evidence = {line};
  finding.cure = "schedule.name = constant";
  attempts.found(std::move(finding));
  return true;
}

}  // namespace ablate
