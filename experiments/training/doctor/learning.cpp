#include "experiments/training/doctor/learning.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "experiments/training/doctor/attempts.h"
#include "experiments/training/doctor/divergence.h"
#include "experiments/training/doctor/gradients.h"
#include "experiments/training/doctor/layer_findings.h"
#include "experiments/training/doctor/learning_rate.h"
#include "experiments/training/doctor/network_size.h"
#include "experiments/training/doctor/small_batches.h"
#include "experiments/training/doctor/turned_masks.h"
#include "experiments/training/doctor/unmoved_layers.h"
#include "experiments/training/precision.h"

namespace ablate {
namespace {

/// Of the loss of outputs that say nothing: what perfect outputs may keep.
constexpr double kLeastLoss = 0.1;

void perfect_outputs(Attempts& attempts) {
  if (!attempts.extremes()) return;
  const double perfect = weighted_sum(attempts.extremes()->perfect),
               uninformed = weighted_sum(attempts.extremes()->uninformed);
  attempts.note(fmt::format("loss of perfect outputs {:.3g}, of outputs that say nothing {:.3g}", perfect, uninformed));
  if (!(perfect > kLeastLoss * uninformed)) return;
  const RunConfig& config = attempts.config();
  attempts.found({"double-softmax",
                  "loss",
                  0.99,
                  fmt::format("The loss of a perfect prediction is {:.3g}, not 0 ({:.3g} for one that says nothing): "
                              "what it takes for logits has been through a softmax or sigmoid already, so it can never "
                              "get lower and its gradients fade.",
                              perfect, uninformed),
                  {attempts.last_note()},
                  config.real("loss.ce_on_softmax") > 0
                      ? fmt::format("loss.ce = {:g}, loss.ce_on_softmax = 0", config.real("loss.ce_on_softmax"))
                      : "hand the loss logits"});
}

/// The finding's cure, and a lower rate beside it, or weights of its own: whichever gets further than the run did.
void try_cures(Attempts& attempts, Finding& finding) {
  const Rate lr = rate_of(attempts.config());
  std::vector<std::string> tried;
  std::vector<std::string> cures{finding.cure, lr.times(0.1), finding.cure + ", " + lr.times(0.1)};
  if (attempts.config().is_set("init.from")) cures.insert(cures.begin(), kOwnBeginning);
  for (const std::string& cure : cures) {
    const auto made = attempts.made(cure, kLongAttempt);
    if (!made) continue;
    tried.push_back(cure);
    finding.evidence.push_back(attempts.last_note());
    if (!attempts.cures(made) || !attempts.beats_unchanged(*made)) continue;
    finding.cure = cure;
    return;
  }
  if (tried.empty()) return;
  finding.cure = fmt::format(
      "look at what {} is given: its initialisation, the inputs' range, the loss's weights (within {} steps none of "
      "these "
      "helps: {})",
      finding.layer, kLongAttempt, fmt::join(tried, "; "));
}

/// What one training step of a copy shows, as the run is now.
SeenStep one_step(Attempts& attempts) {
  attempts.tell("one training step of a copy");
  SeenStep now = see_step(attempts.patient(), &attempts.patient().task);
  attempts.note(
      fmt::format("a training step: {} convolutions with gradients, {} without", now.with_gradient, now.without));
  if (now.without > 0) {
    const double wasted = std::round(1.0 * now.without / std::max(1, now.with_gradient));
    attempts.found({"statistics-only-forwards",
                    "model",
                    0.95,
                    fmt::format("{:.0f} of every {:.0f} batches of a step go through the network without a gradient: "
                                "they move running statistics, and what they could teach is lost.",
                                wasted, wasted + 1),
                    {attempts.last_note()},
                    "train.accumulate_fault = false"});
  }
  for (Finding& finding : attempts.findings())
    if (finding.cause == "statistics-only-forwards" && now.without == 0) {  // The buffers' counters say so.
      finding.cause = "validation-moves-buffers";
      finding.evidence.push_back(attempts.last_note() + ": it is something else that moves them");
    }
  if (auto dead = dead_layer(now.layers, attempts.start().layers)) {
    try_cures(attempts, *dead);
    attempts.found(std::move(*dead));
    std::vector<Finding>& all = attempts.findings();
    std::ranges::rotate(all, std::prev(all.end()));  // Before what comes of it.
  }
  if (auto still = layers_not_updated(now.layers))
    attempts.found(std::move(*still));
  else
    layers_never_moved(attempts, now);
  return now;
}

}  // namespace

void diagnose_learning(const Patient& patient, const TellTest& tell, Diagnosis& diagnosis) {
  Attempts attempts(patient, tell, diagnosis);
  if (patient.steps == 0 && patient.diverged.empty())
    return attempts.untested("learning: the run has no checkpoint to compare with");
  perfect_outputs(attempts);
  const SeenStep now = one_step(attempts);
  if (pooling_is_missing(attempts)) return attempts.untested("learning rates and gradients: first mend the pooling");
  if (!patient.diverged.empty()) return why_it_diverged(attempts);
  if (patient.steps < 2 * attempts.steps())
    return attempts.untested(fmt::format("other learning rates: the run made {} steps, too few to compare with {}",
                                         patient.steps, attempts.steps()));
  if (patient.averaged) return attempts.untested("other learning rates: these are averaged weights");
  if (!patient.over) return attempts.untested("other learning rates: the run is not over");
  if (gradients_explode(attempts)) return;
  // What is too small to learn may do a little better at another rate, too.
  const bool rate = other_rate(attempts);
  if (!rate && schedule_starves(attempts)) return;
  if (rate || !gradients_vanish(attempts, now)) network_is_too_small(attempts);
  if (attempts.any_found() || batches_are_too_small(attempts) || rate_never_settles(attempts) ||
      masks_are_turned(attempts) || spoilt_later(attempts) || attempts.has_learnt())
    return;
  const std::string nothing = fmt::format("{} {} on training data after {} steps", attempts.metric().word(),
                                          share_word(attempts.own()), patient.steps);
  if (!attempts.findings().empty()) return attempts.untested("why it has learnt nothing: " + nothing);
  attempts.found({"underfitting", "model", 0.3,
                  fmt::format("The network has learnt nothing ({}), and no change of its settings that was tried gets "
                              "further in a few steps: what it is given, the loss, or the weights that it begins with "
                              "are left.",
                              nothing),
                  attempts.notes(), "look at samples and masks (Masks), begin from other weights, and train longer"});
}

}  // namespace ablate
