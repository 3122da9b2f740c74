#include "experiments/training/doctor/gradients.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/cure.h"

namespace ablate {
namespace {

/// Of the whole gradient, relative to the weights: a usual one is .01 to .3.
constexpr double kExploded = 3;
/// Of a layer's largest gradient, relative to its weights; and of its inputs.
constexpr double kVanished = 1e-5, kDead = 0.95;
/// Of the largest layer's: as good as none.
constexpr double kGone = 1e-9;
/// Of the other's: what no two networks' luck makes within a few steps.
constexpr double kFarLessLoss = 0.75;

/// The whole gradient at the start, relative to the weights.
double start_gradient(Attempts& attempts) {
  double gradient = 0, weights = 0;
  for (const LayerActivity::Layer& layer : attempts.start().layers) {
    gradient += std::pow(layer.gradient_norm.value_or(0), 2);
    weights += std::pow(layer.weight_norm, 2);
  }
  return std::sqrt(gradient / std::max(weights, 1e-30));
}

std::vector<std::string> exploding_cures(const RunConfig& config) {
  std::vector<std::string> cures{"train.clip_norm = 1"};
  if (config.text("model.norm") == "none") cures.emplace_back("model.norm = batch");
  if (config.is_set("init.from")) cures.emplace_back(kOwnBeginning);
  return cures;
}

struct Faintest {
  std::string layer;
  double relative = INFINITY, most = 0;  ///< gradient over weights, of this layer and of the largest layer's
};

Faintest faintest(const std::vector<LayerActivity::Layer>& layers) {
  Faintest found;
  for (const auto& layer : layers) {
    if (!layer.gradient_norm || layer.weight_norm == 0) continue;
    const double relative = *layer.gradient_norm / layer.weight_norm;
    found.most = std::max(found.most, relative);
    if (relative >= found.relative) continue;
    found.relative = relative;
    found.layer = layer.name;
  }
  return found;
}

/// What reaches such layers is so little that the rest of the network may learn nevertheless: as many steps of both.
/// Without a norm deep networks begin so with any activation; one that keeps them from it even with a norm is at
/// fault.
bool fading(Attempts& attempts, const std::string& layer, double part) {
  const PrimaryMetric& metric = attempts.metric();
  const std::string hardly_learns = fmt::format(
      "at the start that of {} is {:.0e} of the largest layer's, relative to the weights, so it hardly learns", layer,
      part);
  if (attempts.config().is_set("init.from") &&
      attempts.cured_by("vanishing-gradients",
                        fmt::format("The weights that the run began with let gradients vanish: {}", hardly_learns),
                        {kOwnBeginning, std::string(kOwnBeginning) + ", model.norm = batch"}, layer))
    return true;
  const std::string norm = "model.norm = batch", both = "model.activation = relu, model.norm = batch";
  const auto with_norm = attempts.made(norm, kLongAttempt);
  std::vector<std::string> lines{attempts.last_note()};
  const auto one = cured(attempts.config(), norm), other = cured(attempts.config(), both);
  const bool alike = one && other && one->to_json() == other->to_json();  // Its activation is relu.
  const auto with_both = alike ? with_norm : attempts.made(both, kLongAttempt);
  if (!alike) lines.push_back(attempts.last_note());
  const auto words = [&](const Rehearsal& made) { return attempts.words(made.metric, made.loss); };
  // A norm alone may cure what has learnt next to nothing without.
  if (attempts.cures(with_norm) &&
      !(metric.better(with_norm->metric, attempts.own()) < kFarBetter &&
        metric.better(with_norm->metric, attempts.own()) > kWorthIt) &&
      attempts.beats_unchanged(*with_norm) &&
      !(with_both && metric.better(with_both->metric, with_norm->metric) > kWorthIt)) {
    attempts.found(
        {"vanishing-gradients",
         layer,
         0.85,
         fmt::format("Gradients vanish: {}. {} steps from the start with {} get to {} on training data, where this "
                     "run's {} got to {}.",
                     hardly_learns, with_norm->steps, norm, words(*with_norm), attempts.patient().steps,
                     attempts.words(attempts.own(), attempts.own_loss())),
         {lines.front()},
         norm});
    return true;
  }
  const auto activation_hinders = [&] {
    const double better = metric.better(with_both->metric, with_norm->metric);
    return (better > kWorthIt && metric.better(attempts.own(), with_both->metric) < 2 * kWorthIt) ||
           (better > 0 && with_both->loss < kFarLessLoss * with_norm->loss &&
            metric.better(with_both->metric, attempts.own()) > 0);
  };
  if (!with_norm || !with_both || !activation_hinders()) {
    if (!(part < kGone) || attempts.own() > kWorthIt || !attempts.patient().task.higher_is_better()) return false;
    attempts.found({"vanishing-gradients", layer, 0.7,
                    fmt::format("Gradients vanish: {}, and {} steps learnt nothing. A norm alone does not bring them "
                                "back within {} steps.",
                                hardly_learns, attempts.patient().steps, kLongAttempt),
                    lines, norm + ", or other weights to begin with"});
    return true;
  }
  attempts.found(
      {"vanishing-gradients", layer, 0.9,
       fmt::format(
           "The activation lets gradients vanish: {}. {} steps from the start get to {} with {}, and to {} with "
           "the norm alone.",
           hardly_learns, with_both->steps, words(*with_both), both, words(*with_norm)),
       lines, both});
  return true;
}

}  // namespace

bool gradients_explode(Attempts& attempts) {
  if (attempts.start().layers.empty()) return false;
  const double gradient = start_gradient(attempts);
  attempts.note(fmt::format("the gradient at the start is {:.2g} times as long as the weights", gradient));
  return !(gradient < kExploded) &&
         attempts.cured_by(
             "exploding-gradients",
             fmt::format("Gradients explode (at the start {:.2g} times as long as the weights)", gradient),
             exploding_cures(attempts.config()));
}

void gradients_exploded(Attempts& attempts, const std::optional<Rehearsal>& as_it_is,
                        const std::optional<Rehearsal>& lower, const std::string& line) {
  const double gradient = start_gradient(attempts);
  if (gradient < kExploded) return;
  const PrimaryMetric& metric = attempts.metric();
  for (const std::string& cure : exploding_cures(attempts.config())) {
    const auto made = attempts.made(cure, kLongAttempt);
    if (!made || !made->finite || (lower && !(metric.better(made->metric, lower->metric) > -kWorthIt)) ||
        (as_it_is && as_it_is->finite && !(metric.better(made->metric, as_it_is->metric) > kWorthIt)))
      continue;
    attempts.found(
        {"exploding-gradients",
         "optimizer",
         0.92,
         fmt::format("Gradients explode: at the start they are {:.2g} times as long as the weights, and the "
                     "run ended with a loss that was not finite. {} steps with {} stay finite and get to {} on "
                     "training data.",
                     gradient, made->steps, cure, attempts.words(made->metric, made->loss)),
         {line, attempts.last_note()},
         cure});
    return;
  }
}

bool gradients_vanish(Attempts& attempts, const SeenStep& now) {
  const Faintest first = faintest(attempts.start().layers);
  for (const auto& [when, seen] : {std::pair("at the start", first), std::pair("now", faintest(now.layers))})
    if (!seen.layer.empty())
      attempts.note(fmt::format("gradients {}, relative to the weights: from {:.1e} ({}) to {:.1e}", when,
                                seen.relative, seen.layer, seen.most));
  if (first.relative < kVanished * first.most && fading(attempts, first.layer, first.relative / first.most))
    return true;
  const auto dead = std::ranges::find_if(now.layers, [](const LayerActivity::Layer& layer) {
    return layer.input_zeros.value_or(0) > kDead && layer.input_zeros < 1;
  });
  return dead != now.layers.end() &&
         attempts.cured_by("dead-units",
                           fmt::format("{:.0f} % of what {} is given are zeros", 100 * *dead->input_zeros, dead->name),
                           {"model.activation = leaky_relu"}, dead->name);
}

}  // namespace ablate
