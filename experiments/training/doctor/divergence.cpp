#include "experiments/training/doctor/divergence.h"

#include <fmt/format.h>

#include "experiments/training/doctor/gradients.h"
#include "experiments/training/doctor/learning_rate.h"

namespace ablate {

void why_it_diverged(Attempts& attempts) {
  const PrimaryMetric& metric = attempts.metric();
  const Rate lr = rate_of(attempts.config());
  const auto again = attempts.made("", kLongAttempt);
  const std::string as_it_is = attempts.last_note();
  std::optional<Rehearsal> best;
  Finding high;
  for (double factor = 0.1; factor > 1e-8; factor /= 10) {
    const auto lower = attempts.made(lr.times(factor), kLongAttempt);
    if (!lower || !lower->finite) continue;
    if (best && metric.better(best->metric, lower->metric) > kWorthIt) break;
    if (best && !(metric.better(lower->metric, best->metric) > 0)) continue;
    best = lower;
    high.cure = lr.times(factor);
    high.evidence = {as_it_is, attempts.last_note()};
  }
  gradients_exploded(attempts, again, best, as_it_is);
  const bool lower_learns = best && again && (!again->finite || metric.better(best->metric, again->metric) > kWorthIt);
  if (lower_learns) {
    high.cause = "learning-rate-too-high";
    high.confidence = 0.9;
    high.layer = "optimizer";
    high.sentence = fmt::format(
        "A learning rate of {:g} is too high: the run ended with a loss that was not finite{}. {} steps with {} stay "
        "finite and get to {} on training data.",
        lr.value, again->finite ? "" : fmt::format(", and so does a rehearsal after {} steps", again->steps),
        best->steps, high.cure, attempts.words(best->metric, best->loss));
    attempts.found(std::move(high));
  }
  attempts.found({"not-finite", "loss", lower_learns ? 0.5 : 0.8, attempts.patient().diverged, attempts.notes(),
                  "train.clip_norm = 1"});
}

}  // namespace ablate
