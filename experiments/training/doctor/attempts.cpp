#include "experiments/training/doctor/attempts.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/cure.h"
#include "experiments/training/precision.h"

namespace ablate {
namespace {

/// Samples that attempts and the run are compared by.
constexpr std::size_t kJudges = 64;
constexpr Step kFewestSteps = 12, kMostSteps = 20;

FixedBatches judges(const Patient& patient) {
  return FixedBatches(patient.data.source.dataset, spread_over(patient.data.source.training, kJudges),
                      static_cast<std::size_t>(patient.config.integer("train.batch_size")), patient.device)
      .whole();
}

}  // namespace

Attempts::Attempts(const Patient& patient, const TellTest& tell, Diagnosis& diagnosis)
    : patient_(patient),
      tell_(tell),
      diagnosis_(diagnosis),
      judged_(judges(patient)),
      steps_(std::clamp(patient.steps / 10, kFewestSteps, kMostSteps)),
      metric_(patient.task) {
  tell_("the training data, as the network trained with it");
  const Autocast mixed(autocast_type(patient.config), patient.device);
  const Measured own = measure(patient.task, judged_, Mode::train);
  own_ = own.metrics.at(metric_.name());
  own_loss_ = own.losses.at("");
}

const SeenStep& Attempts::start() {
  if (!start_) start_ = see_step(patient_, nullptr);
  return *start_;
}

std::optional<Rehearsal> Attempts::made(const std::string& change, Step steps) {
  const auto changed = change.empty() ? std::optional(config()) : cured(config(), change);
  if (!changed || (!change.empty() && changed->to_json() == config().to_json())) return std::nullopt;
  const std::string with = change.empty() ? "" : " with " + change;
  tell(fmt::format("{} steps from the start{}", steps, with));
  try {
    const Rehearsal made = rehearse(*changed, patient_.data, judged_, steps, patient_.device);
    note(fmt::format("{} steps from the start{}: {} {}   (the run's {}: {})", made.steps, with, metric_.word(),
                     share_word(made.metric), patient_.steps, share_word(own_)));
    return made;
  } catch (const std::exception& error) {  // Memory, too.
    const std::string words = error.what();
    untested(
        fmt::format("{}: {}", change.empty() ? "the run's own settings" : change, words.substr(0, words.find('\n'))));
    return std::nullopt;
  }
}

bool Attempts::cures(const std::optional<Rehearsal>& made) const {
  return made && made->finite && made->learnt && metric_.better(made->metric, own_) > kWorthIt;
}

const std::optional<Rehearsal>& Attempts::unchanged() {
  if (!unchanged_) unchanged_ = made("", steps_);
  return *unchanged_;
}

bool Attempts::beats_unchanged(const Rehearsal& made) {
  return !unchanged() || !unchanged()->finite || metric_.better(made.metric, unchanged()->metric) > kWorthIt;
}

bool Attempts::cured_by(const std::string& cause, const std::string& symptom, const std::vector<std::string>& changes,
                        const std::string& layer) {
  std::optional<Rehearsal> best;
  Finding finding;
  for (const std::string& change : changes) {
    const auto now = made(change, steps_);
    if (!cures(now) || (cured_to_ && !(metric_.better(now->metric, *cured_to_) > kFarBetter))) continue;
    if (best && !(metric_.better(now->metric, best->metric) > 0)) continue;
    best = now;
    finding.cure = change;
    finding.evidence = {last_note()};
  }
  if (!best || !beats_unchanged(*best)) return false;
  cured_to_ = best->metric;
  const double gain = metric_.better(best->metric, own_);
  finding.cause = cause;
  finding.confidence = std::clamp(gain / (gain + kWorthIt), 0.0, 0.99);
  finding.layer = layer;
  finding.sentence = fmt::format(
      "{}: {} steps from the start with {} get to {} {} on training data, where this run's {} got to {}.", symptom,
      best->steps, finding.cure, metric_.word(), share_word(best->metric), patient_.steps, share_word(own_));
  found(std::move(finding));
  return true;
}

void Attempts::found(Finding finding) {
  diagnosis_.findings.push_back(std::move(finding));
  any_found_ = true;
}

}  // namespace ablate
