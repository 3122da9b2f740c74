#include "experiments/training/doctor/attempts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "experiments/cure.h"
#include "experiments/training/precision.h"
#include "runs/error.h"

namespace ablate {
namespace {

/// Samples that attempts and the run are compared by.
constexpr std::size_t kJudges = 64;
constexpr Step kFewestSteps = 12, kMostSteps = 20;
/// Of the loss of outputs that say nothing: what says nothing, either.
constexpr double kNothingLearnt = 0.85;

FixedBatches judges(const Patient& patient, std::shared_ptr<const Dataset> dataset) {
  return FixedBatches(std::move(dataset), spread_over(patient.data.source.training, kJudges),
                      static_cast<std::size_t>(patient.config.integer("train.batch_size")), patient.device)
      .whole();
}

}  // namespace

Attempts::Attempts(const Patient& patient, const TellTest& tell, Diagnosis& diagnosis)
    : patient_(patient),
      tell_(tell),
      diagnosis_(diagnosis),
      judged_(judges(patient, patient.data.source.dataset)),
      steps_(std::clamp(patient.steps / 10, kFewestSteps, kMostSteps)),
      metric_(patient.task) {
  tell_("the training data, as the network trained with it");
  own_in(Mode::train);
  const Autocast mixed(autocast_type(patient.config), patient.device);
  extremes_ = patient.task.extremes(judged_.at(0));
}

bool Attempts::says_nothing(double loss) const {
  return extremes_ && !(loss < kNothingLearnt * weighted_sum(extremes_->uninformed));
}

bool Attempts::has_learnt() {
  return (!patient_.task.higher_is_better() || own() > kWorthIt) && !says_nothing(own_loss());
}

const Attempts::Own& Attempts::own_in(Mode mode) {
  if (!own_.contains(mode)) {
    const Autocast mixed(autocast_type(config()), patient_.device);
    const Measured measured = measure(patient_.task, judged_, mode);
    own_[mode] = {measured.metrics.at(metric_.name()), measured.losses.at("")};
  }
  return own_[mode];
}

FixedBatches Attempts::judged_of(std::shared_ptr<const Dataset> dataset) const {
  return judges(patient_, std::move(dataset));
}

const SeenStep& Attempts::start() {
  if (start_) return *start_;
  try {
    start_ = see_step(patient_, nullptr);
  } catch (const Error& error) {
    start_.emplace();
    untested(fmt::format("what needs the weights that the run began with: {}", error.what()));
  }
  return *start_;
}

bool Attempts::beginning_is_gone() { return config().is_set("init.from") && start().layers.empty(); }

std::optional<Rehearsal> Attempts::tried(const std::string& change, Step steps, const RehearsalPlan& plan) {
  auto changed = change.empty() ? std::optional(config()) : cured(config(), change);
  if (!changed || (!change.empty() && changed->to_json() == config().to_json())) return std::nullopt;
  // Of weights that a run began with, another network takes what fits.
  if (change.find("model.") != std::string::npos && changed->is_set("init.from")) changed->set("init.strict", false);
  const std::string how = fmt::format("{}{}{}", plan.from ? "further steps" : "steps from the start",
                                      plan.lr ? fmt::format(" at a learning rate of {:.3g}", *plan.lr) : "",
                                      change.empty() ? "" : " with " + change);
  tell(fmt::format("{} {}", steps, how));
  try {
    const Rehearsal made = rehearse(*changed, patient_.data, judged_, steps, patient_.device, plan);
    const Own& own = own_in(plan.judged_in);
    note(fmt::format("{} {}: {} {}, loss {:.3g}   (the run's {}: {}, {:.3g})", made.steps, how, metric_.word(),
                     share_word(made.metric), made.loss, patient_.steps, share_word(own.metric), own.loss));
    return made;
  } catch (const std::exception& error) {  // Memory, too.
    const std::string words = error.what();
    untested(
        fmt::format("{}: {}", change.empty() ? "the run's own settings" : change, words.substr(0, words.find('\n'))));
    return std::nullopt;
  }
}

std::optional<Rehearsal> Attempts::made(const std::string& change, Step steps) {
  if (beginning_is_gone() && change.find("init.from") == std::string::npos) return std::nullopt;
  return tried(change, steps, {});
}

std::optional<Rehearsal> Attempts::gone_on(const std::string& change, Step steps, Mode judged_in,
                                           std::optional<double> lr) {
  return tried(change, steps, {&patient_.task, lr, judged_in});
}

bool Attempts::further(const Rehearsal& made, double metric, double loss) const {
  if (says_nothing(loss)) return made.learnt && made.loss < kLessLoss * loss;
  // Masks that say little overlap by chance: more than empty ones, with more loss.
  if (patient_.task.higher_is_better() && metric < kWorthIt && made.loss > loss && made.metric < kWellLearnt)
    return false;
  const double better = metric_.better(made.metric, metric);
  const bool loss_decides = std::abs(better) < kSame && !(patient_.task.higher_is_better() && metric > kWellLearnt);
  return better > kWorthIt || (loss_decides && made.loss < kLessLoss * loss);
}

bool Attempts::cures(const std::optional<Rehearsal>& made, Mode judged_in) {
  if (!made || !made->finite) return false;
  const Own& own = own_in(judged_in);
  return (made->learnt || made->loss < kLessLoss * own.loss) && further(*made, own.metric, own.loss);
}

const std::optional<Rehearsal>& Attempts::unchanged(Step steps) {
  if (!unchanged_.contains(steps)) unchanged_[steps] = made("", steps);
  return unchanged_[steps];
}

bool Attempts::beats_unchanged(const Rehearsal& made) {
  const std::optional<Rehearsal>& same = unchanged(made.steps);
  return !same || !same->finite || further(made, same->metric, same->loss);
}

bool Attempts::cured_by(const std::string& cause, const std::string& symptom, const std::vector<std::string>& changes,
                        const std::string& layer, std::optional<Step> steps) {
  std::optional<Rehearsal> best;
  Finding finding;
  for (const std::string& change : changes) {
    const auto now = made(change, steps.value_or(steps_));
    if (!cures(now)) continue;
    if (cured_to_ && !(metric_.better(now->metric, cured_to_->metric) > kFarBetter && now->loss < cured_to_->loss))
      continue;
    if (best && std::pair(metric_.better(now->metric, best->metric), best->loss - now->loss) <= std::pair(0.0, 0.0))
      continue;
    best = now;
    finding.cure = change;
    finding.evidence = {last_note()};
  }
  if (!best || !beats_unchanged(*best)) return false;
  cured_to_ = best;
  const double gain = std::max(metric_.better(best->metric, own()), 1 - best->loss / own_loss());
  const bool by_loss = !(metric_.better(best->metric, own()) > kWorthIt);
  const auto came_to = [&](double metric, double loss) {
    return by_loss ? fmt::format("a loss of {:.3g}", loss) : metric_.word() + " " + share_word(metric);
  };
  finding.cause = cause;
  finding.confidence = std::clamp(gain / (gain + kWorthIt), 0.0, 0.99);
  finding.layer = layer;
  finding.sentence = fmt::format(
      "{}: {} steps from the start with {} get to {} on training data, where this run's {} got to {}.", symptom,
      best->steps, finding.cure, came_to(best->metric, best->loss), patient_.steps, came_to(own(), own_loss()));
  found(std::move(finding));
  return true;
}

std::string Attempts::words(double metric, double loss) const {
  return fmt::format("{} {} (loss {:.3g})", metric_.word(), share_word(metric), loss);
}

void Attempts::found(Finding finding) {
  diagnosis_.findings.push_back(std::move(finding));
  any_found_ = true;
}

}  // namespace ablate
