#include "experiments/training/doctor/learning.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "experiments/cure.h"
#include "experiments/training/doctor/layer_findings.h"
#include "experiments/training/doctor/rehearsal.h"
#include "experiments/training/doctor/seen_step.h"
#include "experiments/training/layer_activity.h"
#include "experiments/training/precision.h"
#include "runs/error.h"

namespace ablate {
namespace {

using torch::Tensor;

/// Samples that a rehearsal and the run are compared by.
constexpr std::size_t kJudges = 64;
/// By how much a rehearsal has to be better: more than samples or seeds make.
constexpr double kWorthIt = 0.05, kFarBetter = 0.1;
constexpr Step kFewestSteps = 12, kMostSteps = 20;
/// Of networks that hardly learn at first.
constexpr Step kLong = 40;
/// Of the loss of outputs that say nothing: what perfect outputs may keep.
constexpr double kLeastLoss = 0.1;
/// A network whose loss is still at this part of that has learnt nothing.
constexpr double kNothingLearnt = 0.85;
/// Of a layer's largest gradient, relative to its weights; and of its inputs.
constexpr double kVanished = 1e-5, kDead = 0.95;
/// Of the whole gradient, relative to the weights: a usual one is .01 to .3.
constexpr double kExploded = 3;
/// From here on a larger network is not tried, which would take long.
constexpr double kWellLearnt = 0.75;
/// Of a run's steps: a schedule that leaves them their rate for so many is not at fault.
constexpr double kMostOfIt = 0.5;

std::string counted(std::int64_t n, const char* what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

class Learning {
 public:
  Learning(const Patient& patient, const TellTest& tell, Diagnosis& diagnosis)
      : patient_(patient),
        config_(patient.config),
        tell_(tell),
        diagnosis_(diagnosis),
        judged_(judges()),
        steps_(std::clamp(patient.steps / 10, kFewestSteps, kMostSteps)),
        metric_(patient.task) {}

  void run() {
    tell_("the training data, as the network trained with it");
    const Batch batch = judged_.at(0);
    double loss = 0;
    std::optional<Task::Extremes> extremes;
    {
      const Autocast mixed(autocast_type(config_), patient_.device);
      const Measured own = measure(patient_.task, judged_, Mode::train);
      own_ = own.metrics.at(metric_.name());
      loss = own.losses.at("");
      extremes = patient_.task.extremes(batch);
    }
    if (patient_.steps == 0 && patient_.diverged.empty()) {
      diagnosis_.untested.emplace_back("learning: the run has no checkpoint to compare with");
      return;
    }
    // Empty masks have a lower loss than outputs that say nothing.
    const bool overlaps = !patient_.task.higher_is_better() || own_ > kWorthIt;
    learnt_ = overlaps && (!extremes || loss < kNothingLearnt * weighted_sum(extremes->uninformed));
    if (extremes) perfect_outputs(*extremes);
    steps();
    if (sizes(batch)) {
      diagnosis_.untested.push_back("learning rates and gradients: first mend the pooling");
      return;
    }
    if (!patient_.diverged.empty()) return diverged();
    if (patient_.steps < 2 * steps_) {
      diagnosis_.untested.push_back(fmt::format(
          "other learning rates: the run made {} steps, too few to compare with {}", patient_.steps, steps_));
      return;
    }
    if (!patient_.over || patient_.averaged) {
      diagnosis_.untested.push_back(fmt::format(
          "other learning rates: {}", patient_.averaged ? "these are averaged weights" : "the run is not over"));
      return;
    }
    if (exploding()) return;
    // What is too small to learn may do a little better at another rate, too.
    const bool other_rate = rates();
    if (other_rate || !gradients()) size();
    if (any_found_ || spoilt() || learnt_) return;
    diagnosis_.untested.push_back(
        fmt::format("why it has learnt nothing ({} {} on training data): no change that was tried gets further",
                    metric_.word(), share_word(own_)));
  }

 private:
  FixedBatches judges() const {
    return FixedBatches(patient_.data.source.dataset, spread_over(patient_.data.source.training, kJudges),
                        static_cast<std::size_t>(config_.integer("train.batch_size")), patient_.device)
        .whole();
  }

  void note(const std::string& line) { diagnosis_.tests.push_back(line); }
  void found(Finding finding) {
    diagnosis_.findings.push_back(std::move(finding));
    any_found_ = true;
  }

  void perfect_outputs(const Task::Extremes& extremes) {
    const double perfect = weighted_sum(extremes.perfect), uninformed = weighted_sum(extremes.uninformed);
    note(fmt::format("loss of perfect outputs {:.3g}, of outputs that say nothing {:.3g}", perfect, uninformed));
    if (!(perfect > kLeastLoss * uninformed)) return;
    found(
        {"double-softmax",
         "loss",
         0.99,
         fmt::format(
             "The loss of a perfect prediction is {:.3g}, not 0 ({:.3g} for one that says nothing): what it takes for "
             "logits "
             "has been through a softmax or sigmoid already, so it can never get lower and its gradients fade.",
             perfect, uninformed),
         {diagnosis_.tests.back()},
         config_.real("loss.ce_on_softmax") > 0
             ? fmt::format("loss.ce = {:g}, loss.ce_on_softmax = 0", config_.real("loss.ce_on_softmax"))
             : "hand the loss logits"});
  }

  /// Of the pictures that convolutions work on. Whether they should be several.
  bool sizes(const Batch& batch) {
    std::set<std::pair<std::int64_t, std::int64_t>> sizes;
    std::int64_t count = 0, reach = 1;
    {
      const Measuring measuring(patient_.task.networks(), Mode::train);
      const Operations looking([&](std::string_view operation, c10::ArrayRef<const c10::IValue> inputs) {
        if (!is_convolution(operation)) return;
        const Tensor given = inputs[0].toTensor(), weights = inputs[1].toTensor();
        sizes.emplace(given.size(2), given.size(3));
        ++count;
        reach += weights.size(2) - 1;
      });
      patient_.task.forward(batch);
    }
    note(fmt::format("{} convolutions work on pictures of {} sizes", count, sizes.size()));
    if (sizes.size() != 1 || count < 4) return false;
    const auto [height, width] = *sizes.begin();
    const std::string cure = "model.pool = max";
    const auto without = rehearsed("", kFewestSteps), with = rehearsed(cure, kFewestSteps);
    if (!with || !without || !with->finite || !(metric_.better(with->metric, without->metric) >= 0)) return false;
    found({"missing-pooling", "model", 0.95,
           fmt::format("All {} convolutions work at {}×{}: nothing halves the picture on the way down, so a pixel of "
                       "the mask sees {} "
                       "pixels around it and a step takes {:.1f} times as long as with pooling.",
                       count, height, width, reach, without->seconds / std::max(with->seconds, 1e-9)),
           std::vector<std::string>(diagnosis_.tests.end() - 3, diagnosis_.tests.end()), cure});
    return true;
  }

  void steps() {
    tell_("one training step of a copy");
    now_ = see_step(patient_, &patient_.task);
    note(fmt::format("a training step: {} convolutions with gradients, {} without", now_.with_gradient, now_.without));
    if (now_.without > 0) {
      found(
          {"statistics-only-forwards",
           "model",
           0.95,
           fmt::format(
               "{:.0f} of every {:.0f} batches of a step go through the network without a gradient: they move running "
               "statistics, and what they could teach is lost.",
               std::round(1.0 * now_.without / std::max(1, now_.with_gradient)),
               std::round(1.0 * now_.without / std::max(1, now_.with_gradient)) + 1),
           {diagnosis_.tests.back()},
           "train.accumulate_fault = false"});
    }
    for (Finding& finding : diagnosis_.findings)
      if (finding.cause == "statistics-only-forwards" && now_.without == 0) {  // The buffers' counters say so.
        finding.cause = "validation-moves-buffers";
        finding.evidence.push_back(diagnosis_.tests.back() + ": it is something else that moves them");
      }
    if (auto dead = dead_layer(now_.layers, start().layers)) {
      try_cures(*dead);
      diagnosis_.findings.insert(diagnosis_.findings.begin(), std::move(*dead));  // Before what comes of it.
      any_found_ = true;
    }
    if (auto still = layers_not_updated(now_.layers)) found(std::move(*still));
  }

  /// The finding's cure, and a lower rate beside it: whichever gets further than the run did.
  void try_cures(Finding& finding) {
    const Rate lr = rate();
    std::vector<std::string> tried;
    for (const std::string& cure : {finding.cure, lr.times(0.1), finding.cure + ", " + lr.times(0.1)}) {
      const auto made = rehearsed(cure, kLong);
      if (!made) continue;
      tried.push_back(cure);
      finding.evidence.push_back(diagnosis_.tests.back());
      if (!cures(made) || !beats_unchanged(*made)) continue;
      finding.cure = cure;
      return;
    }
    if (tried.empty()) return;
    finding.confidence *= 0.8;
    finding.cure = fmt::format(
        "not {}, which were tried: look at what {} is given (its initialisation, the inputs' "
        "range, the loss's weights)",
        fmt::join(tried, "; "), finding.layer);
  }

  /// With the cure in place; of none: as it is. nullopt where there is no such run.
  std::optional<Rehearsal> rehearsed(const std::string& cure, Step steps) {
    const auto changed = cure.empty() ? std::optional(config_) : cured(config_, cure);
    if (!changed || (!cure.empty() && changed->to_json() == config_.to_json())) return std::nullopt;
    tell_(fmt::format("{} steps from the start{}{}", steps, cure.empty() ? "" : " with ", cure));
    try {
      const Rehearsal made = rehearse(*changed, patient_.data, judged_, steps, patient_.device);
      note(fmt::format("{} steps from the start{}{}: {} {}   (the run's {}: {})", made.steps,
                       cure.empty() ? "" : " with ", cure, metric_.word(), share_word(made.metric), patient_.steps,
                       share_word(own_)));
      return made;
    } catch (const std::exception& error) {  // Memory, too.
      const std::string words = error.what();
      diagnosis_.untested.push_back(
          fmt::format("{}: {}", cure.empty() ? "the run's own settings" : cure, words.substr(0, words.find('\n'))));
      return std::nullopt;
    }
  }

  /// Whether it gets further than the run did.
  bool cures(const std::optional<Rehearsal>& made) const {
    return made && made->finite && made->learnt && metric_.better(made->metric, own_) > kWorthIt;
  }

  /// As many steps of the run's own settings, at the highest rate of its schedule: where they get as far, the change
  /// was not what did it.
  const std::optional<Rehearsal>& unchanged() {
    if (!unchanged_) unchanged_ = rehearsed("", steps_);
    return *unchanged_;
  }
  bool beats_unchanged(const Rehearsal& made) {
    return !unchanged() || !unchanged()->finite || metric_.better(made.metric, unchanged()->metric) > kWorthIt;
  }

  /// The best of the changes that cure, if any.
  bool cured_by(const std::string& cause, const std::string& symptom, const std::vector<std::string>& changes,
                const std::string& layer = "optimizer") {
    std::optional<Rehearsal> best;
    Finding finding;
    for (const std::string& change : changes) {
      const auto made = rehearsed(change, steps_);
      if (!cures(made) || (cured_to_ && !(metric_.better(made->metric, *cured_to_) > kFarBetter))) continue;
      if (best && !(metric_.better(made->metric, best->metric) > 0)) continue;
      best = made;
      finding.cure = change;
      finding.evidence = {diagnosis_.tests.back()};
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

  struct Rate {
    std::string key;
    double value;
    std::string times(double factor) const { return fmt::format("{} = {:.3g}", key, value * factor); }
  };
  Rate rate() const {
    const std::string schedule = config_.text("schedule.name");
    const bool top = config_.is_set("schedule.max_lr") && (schedule == "onecycle" || schedule == "cyclic");
    const std::string key = top ? "schedule.max_lr" : "optimizer.lr";
    return {key, config_.real(key)};
  }

  /// The whole gradient at the start, relative to the weights.
  double start_gradient() {
    double gradient = 0, weights = 0;
    for (const LayerActivity::Layer& layer : start().layers) {
      gradient += std::pow(layer.gradient_norm.value_or(0), 2);
      weights += std::pow(layer.weight_norm, 2);
    }
    return std::sqrt(gradient / std::max(weights, 1e-30));
  }

  const SeenStep& start() {
    if (!start_) start_ = see_step(patient_, nullptr);
    return *start_;
  }

  std::vector<std::string> exploding_cures() const {
    std::vector<std::string> cures{"train.clip_norm = 1"};
    if (config_.text("model.norm") == "none") cures.emplace_back("model.norm = batch");
    return cures;
  }

  /// Whether gradients far larger than the weights are what keeps it from learning.
  bool exploding() {
    const double gradient = start_gradient();
    note(fmt::format("the gradient at the start is {:.2g} times as long as the weights", gradient));
    return !(gradient < kExploded) &&
           cured_by("exploding-gradients",
                    fmt::format("Gradients explode (at the start {:.2g} times as long as the weights)", gradient),
                    exploding_cures());
  }

  /// Whether another is found to be better.
  bool rates() {
    const Rate lr = rate();
    std::vector<std::string> lower{lr.times(0.1)}, higher{lr.times(30)};
    if (!learnt_) {
      lower.push_back(lr.times(0.01));
      lower.push_back(lr.times(0.001));
      lower.push_back(lr.times(0.0001));
      higher.push_back(lr.times(1000));
    }
    if (lr.value == 0) {
      lower.clear();
      higher = {lr.key + " = 0.001"};
    }
    if (cured_by("learning-rate-too-high", fmt::format("A learning rate of {:g} is too high", lr.value), lower))
      return true;
    return cured_by("learning-rate-too-low", fmt::format("A learning rate of {:g} is too low", lr.value), higher);
  }

  /// Whether the run's own first steps get further than all of them: something spoilt it later.
  bool spoilt() {
    if ((learnt_ && !unchanged_) || !cures(unchanged())) return false;
    const std::string line = fmt::format(
        "{} steps from the start with its own settings, at their highest rate, get to "
        "{} {}, all {} to {}",
        unchanged()->steps, metric_.word(), share_word(unchanged()->metric), patient_.steps, share_word(own_));
    if (unchanged()->near_peak > kMostOfIt) {
      diagnosis_.untested.push_back(
          fmt::format("what spoilt it: {} (its weight decay is {:g})", line, config_.real("optimizer.weight_decay")));
      return true;
    }
    Finding finding;
    finding.cause = "learning-rate-too-low";
    finding.layer = "optimizer";
    finding.confidence = 0.85;
    finding.sentence = fmt::format(
        "The schedule {} takes the learning rate away too early ({:.0f} % of the steps have more than a tenth of the "
        "highest): {}.",
        config_.text("schedule.name"), 100 * unchanged()->near_peak, line);
    finding.evidence = {line};
    finding.cure = "schedule.name = constant";
    found(std::move(finding));
    return true;
  }

  /// Of a run that diverged: whether one of the cures stays finite, and gets as far as the best lower learning rate.
  void exploded(const std::optional<Rehearsal>& as_it_is, const std::optional<Rehearsal>& lower,
                const std::string& line) {
    for (const std::string& cure : exploding_cures()) {
      const auto made = rehearsed(cure, kLong);
      if (!made || !made->finite || (lower && !(metric_.better(made->metric, lower->metric) > -kWorthIt)) ||
          (as_it_is && as_it_is->finite && !(metric_.better(made->metric, as_it_is->metric) > kWorthIt)))
        continue;
      Finding finding;
      finding.cause = "exploding-gradients";
      finding.layer = "optimizer";
      finding.confidence = 0.92;
      finding.sentence = fmt::format(
          "Gradients explode: at the start they are {:.2g} times as long as the weights, and the run ended with a loss "
          "that was not finite. {} steps with {} stay finite and get to {} {} on training data.",
          start_gradient(), made->steps, cure, metric_.word(), share_word(made->metric));
      finding.evidence = {line, diagnosis_.tests.back()};
      finding.cure = cure;
      found(std::move(finding));
      return;
    }
  }

  /// A run that a loss ended which was not finite: whether that comes back, and not at lower rates.
  void diverged() {
    const Rate lr = rate();
    const auto again = rehearsed("", kLong);
    const std::string as_it_is = diagnosis_.tests.back();
    std::optional<Rehearsal> best;
    Finding high;
    for (double factor = 0.1; factor > 1e-8; factor /= 10) {
      const auto lower = rehearsed(lr.times(factor), kLong);
      if (!lower || !lower->finite) continue;
      if (best && metric_.better(best->metric, lower->metric) > kWorthIt) break;
      if (best && !(metric_.better(lower->metric, best->metric) > 0)) continue;
      best = lower;
      high.cure = lr.times(factor);
      high.evidence = {as_it_is, diagnosis_.tests.back()};
    }
    const bool lower_learns =
        best && again && (!again->finite || metric_.better(best->metric, again->metric) > kWorthIt);
    if (!(start_gradient() < kExploded)) exploded(again, best, as_it_is);
    if (lower_learns) {
      high.cause = "learning-rate-too-high";
      high.confidence = 0.9;
      high.layer = "optimizer";
      high.sentence = fmt::format(
          "A learning rate of {:g} is too high: the run ended with a loss that was not finite{}. {} steps with {} stay "
          "finite and get to {} {} on training data.",
          lr.value, again->finite ? "" : fmt::format(", and so does a rehearsal after {} steps", again->steps),
          best->steps, high.cure, metric_.word(), share_word(best->metric));
      found(std::move(high));
    }
    Finding finding;
    finding.cause = "not-finite";
    finding.confidence = lower_learns ? 0.5 : 0.8;
    finding.layer = "loss";
    finding.sentence = patient_.diverged;
    finding.evidence = diagnosis_.tests;
    finding.cure = "train.clip_norm = 1";
    found(std::move(finding));
  }

  struct Faintest {
    std::string layer;
    double relative = INFINITY, most = 0;  ///< gradient over weights, of this layer and of the largest layer's
  };
  static Faintest faintest(const std::vector<LayerActivity::Layer>& layers) {
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

  bool gradients() {
    const Faintest first = faintest(start().layers), now = faintest(now_.layers);
    for (const auto& [when, seen] : {std::pair("at the start", first), std::pair("now", now)})
      if (!seen.layer.empty())
        note(fmt::format("gradients {}, relative to the weights: from {:.1e} ({}) to {:.1e}", when, seen.relative,
                         seen.layer, seen.most));
    if (first.relative < kVanished * first.most && fading(first.layer, first.relative / first.most)) return true;
    const auto off = [](const LayerActivity::Layer& layer) {
      return layer.input_zeros.value_or(0) > kDead && layer.input_zeros < 1;
    };
    const auto dead = std::ranges::find_if(now_.layers, off);
    return dead != now_.layers.end() &&
           cured_by("dead-units",
                    fmt::format("{:.0f} % of what {} is given are zeros", 100 * *dead->input_zeros, dead->name),
                    {"model.activation = leaky_relu"}, dead->name);
  }

  /// Whether a larger network gets further in a few steps than this one in all of its own.
  void size() {
    if (own_ > kWellLearnt || !patient_.task.higher_is_better()) return;
    const std::int64_t channels = config_.integer("model.channels"), depth = config_.integer("model.depth");
    const std::int64_t more = channels < 4 ? 4 * channels : 2 * channels;
    std::vector<std::string> larger{fmt::format("model.channels = {}", more)};
    if (depth < 3) larger.push_back(fmt::format("model.channels = {}, model.depth = {}", more, depth + 2));
    cured_by("underfitting",
             fmt::format("A network of {} and {} is too small for these pictures", counted(depth, "level"),
                         counted(channels, "channel")),
             larger, "model");
  }

  /// What reaches such layers is so little that the rest of the network may learn nevertheless: as many steps of both.
  /// Without a norm deep networks begin so with any activation; one that keeps them from it even with a norm is at
  /// fault.
  bool fading(const std::string& layer, double part) {
    const std::string norm = "model.norm = batch", both = "model.activation = relu, model.norm = batch";
    const auto with_norm = rehearsed(norm, kLong);
    std::vector<std::string> lines{diagnosis_.tests.back()};
    const auto with_both = rehearsed(both, kLong);
    lines.push_back(diagnosis_.tests.back());
    // A norm alone may cure what has learnt next to nothing without.
    if (cures(with_norm) && metric_.better(with_norm->metric, own_) > kFarBetter && beats_unchanged(*with_norm) &&
        !(with_both && metric_.better(with_both->metric, with_norm->metric) > kWorthIt)) {
      found({"vanishing-gradients",
             layer,
             0.85,
             fmt::format("Gradients vanish: at the start that of {} is {:.0e} of the largest layer's, relative to the "
                         "weights, so it hardly learns. {} steps from the start with {} get to {} {} on training data, "
                         "where this run's {} got to {}.",
                         layer, part, with_norm->steps, norm, metric_.word(), share_word(with_norm->metric),
                         patient_.steps, share_word(own_)),
             {lines.front()},
             norm});
      return true;
    }
    if (!with_norm || !with_both || !(metric_.better(with_both->metric, with_norm->metric) > kWorthIt) ||
        metric_.better(own_, with_both->metric) > 2 * kWorthIt)
      return false;
    found({"vanishing-gradients", layer, 0.9,
           fmt::format("The activation lets gradients vanish: at the start that of {} is {:.0e} of the largest "
                       "layer's, relative to "
                       "the "
                       "weights, so it hardly learns. {} steps from the start get to {} {} with {}, and to {} with the "
                       "norm alone.",
                       layer, part, with_both->steps, metric_.word(), share_word(with_both->metric), both,
                       share_word(with_norm->metric)),
           lines, both});
    return true;
  }

  const Patient& patient_;
  const RunConfig& config_;
  const TellTest& tell_;
  Diagnosis& diagnosis_;
  FixedBatches judged_;
  Step steps_;
  PrimaryMetric metric_;
  double own_ = 0;
  std::optional<std::optional<Rehearsal>> unchanged_;  ///< inner: there is no such run
  std::optional<double> cured_to_;          ///< what a change that was found gets to: another has to get much further
  bool learnt_ = true, any_found_ = false;  ///< any_found_: here, not by other tests
  SeenStep now_;
  std::optional<SeenStep> start_;
};

}  // namespace

void diagnose_learning(const Patient& patient, const TellTest& tell, Diagnosis& diagnosis) {
  Learning(patient, tell, diagnosis).run();
}

}  // namespace ablate
