#include "experiments/training/doctor/lagging_buffers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "experiments/training/doctor/small_batches.h"

namespace ablate {
namespace {

using Module = PreciseStatistics::Module;

/// Of which statistics vary so that training itself jumps about.
constexpr std::size_t kFewImages = 4;
/// After so many, buffers of the usual momentum have followed.
constexpr std::size_t kStillBatches = 30;
/// So many times they are moved on by a third of that.
constexpr int kMoreLooks = 4;
/// What eval mode may lose by a last step alone; and what statistics that lag a little may lose.
constexpr double kJitter = 0.15, kJitterOfFew = 0.05, kLittleLag = 0.05;
/// Buffers that still have so much of what they were made with are slow, whatever moves them on now.
constexpr double kMuchAsMade = 0.3;
/// Of so few batches buffers know little yet.
constexpr Step kEarly = 50;
/// Of the buffers, for a training batch, each of which makes one.
constexpr double kTooManyMoves = 1.1;
/// Of what eval mode loses: what buffers as they were made, which nothing excuses, have to be to blame for.
constexpr double kGoodPart = 0.25;

/// Whether its buffers are as they are made.
bool is_fresh(const Module& module) {
  return module.norm.module->running_mean.eq(0).all().item<bool>() &&
         module.norm.module->running_var.eq(1).all().item<bool>();
}

/// How often the buffers were moved, for each call in a pass of one batch. nullopt: nobody counts.
std::optional<double> moves_per_batch(const EvalGap& gap, Step forwards) {
  const Module& module = gap.modules().front();
  const torch::Tensor& count = module.norm.module->num_batches_tracked;
  if (forwards == 0 || !count.defined()) return std::nullopt;
  const auto moves = count.item<double>();
  if (moves == 0 && !is_fresh(module)) return std::nullopt;
  return moves / static_cast<double>(forwards * std::ssize(module.places));
}

std::string moves_line(double moves) {
  return fmt::format("buffers were moved {:.3g} times a training batch and place of use", moves);
}

/// How far each place's buffers are from what they should be, in standard deviations; the furthest first.
std::vector<std::pair<double, std::string>> gaps_of(const EvalGap& gap) {
  const c10::InferenceMode inference;
  std::vector<std::pair<double, std::string>> gaps;
  for (const Module& module : gap.modules())
    for (std::size_t k = 0; k < module.places.size(); ++k) {
      const auto& [mean, variance] = module.places[k];
      const torch::Tensor sigma = (variance.clamp_min(0) + module.norm.module->eps()).sqrt();
      gaps.emplace_back(((module.norm.module->running_mean - mean).abs() / sigma).mean().item<double>(),
                        gap.place(module.norm, k));
    }
  std::ranges::sort(gaps, std::greater());
  return gaps;
}

Finding norm_lag(const EvalGap& gap, double recalibrated, double part) {
  const auto gaps = gaps_of(gap);
  std::vector<std::string> worst;
  for (const auto& [sigmas, name] : gaps)
    if (worst.size() < 3) worst.push_back(fmt::format("{} ({:.1f} sigma)", name, sigmas));
  Finding finding;
  finding.cause = "norm-lag";
  finding.layer = gaps.front().second;
  finding.confidence = std::clamp(part, 0.0, 0.99);
  finding.sentence = fmt::format(
      "The running statistics of {} norm layers lag behind the network (most in {}, by {:.1f} σ): {}, and gets to {} "
      "once they are re-estimated on the training data.",
      gaps.size(), finding.layer, gaps.front().first, gap.loss_words(), share_word(recalibrated));
  finding.evidence = gap.notes();
  finding.evidence.push_back(fmt::format("furthest behind: {}", fmt::join(worst, ", ")));
  finding.cure = "model.norm_momentum = 0.1";
  return finding;
}

/// Of the means that buffers are made with, 0, what part is left in them: 1 of those that were never moved.
double part_as_made(const EvalGap& gap) {
  const c10::InferenceMode inference;
  double followed = 0, all = 0;
  for (const Module& module : gap.modules()) {
    const torch::Tensor mean = module.shared().mean;
    followed += (module.norm.module->running_mean * mean).sum().item<double>();
    all += mean.square().sum().item<double>();
  }
  return all > 0 ? 1 - followed / all : 0;
}

void say_moved_too_often(Finding& finding, double moves, const std::string& harm) {
  finding.cause = "statistics-only-forwards";
  finding.sentence = fmt::format(
      "The running statistics were moved {:.2g} times for every batch that was trained on: something else runs the "
      "network in train mode (a validation, say). {}",
      moves, harm);
  finding.cure = "put the network into eval mode wherever it is not trained";
}

/// Why buffers are not what training would make of them; norm-lag where nothing else explains it.
Finding why_they_differ(EvalGap& gap, double recalibrated, double part, Step forwards) {
  const std::optional<double> moves = moves_per_batch(gap, forwards);
  if (moves) gap.note(moves_line(*moves));
  Finding finding = norm_lag(gap, recalibrated, part);
  const auto fresh = std::ranges::find_if(gap.modules(), is_fresh);
  const double filled_in = fresh == gap.modules().end() ? gap.eval() : gap.re_estimated(is_fresh);
  if (gap.part_brought_back(filled_in) > kGoodPart) {
    finding.cause = "missing-buffers";
    finding.sentence = fmt::format(
        "The running statistics of {} of {} norm layers are as they were made ({}): they are missing from what the "
        "weights were loaded from, or were not saved. Eval mode loses {} {}, and gets to {} once they are estimated on "
        "the training data.",
        std::ranges::count_if(gap.modules(), is_fresh), gap.modules().size(),
        moves == 0.0 ? "their counter is 0" : "mean 0 and variance 1", share_word(gap.loss()), gap.metric().word(),
        share_word(filled_in));
    finding.layer = gap.place(fresh->norm, 0);
    finding.cure = "save and load buffers (running_mean, running_var) with the weights, or re-estimate them";
  } else if (moves > kTooManyMoves) {
    say_moved_too_often(finding, *moves,
                        fmt::format("Eval mode loses {} {}, and gets to {} once they are re-estimated on the training "
                                    "data.",
                                    share_word(gap.loss()), gap.metric().word(), share_word(recalibrated)));
  }
  return finding;
}

Finding weights_too_fast(const EvalGap& gap, Finding late, double followed, Step forwards) {
  late.cause = "learning-rate-too-high";
  late.confidence *= forwards > 0 && forwards < kEarly ? 0.9 : 1.1;
  late.sentence = fmt::format(
      "The weights move faster than the running statistics of {} norm layers can follow: {}, and gets to {} once the "
      "statistics alone have been moved on by {} batches, with no further step of the weights.",
      gap.modules().size(), gap.loss_words(), share_word(followed), kStillBatches);
  late.cure = "schedule.name = cosine";
  return late;
}

}  // namespace

bool lag_explains(EvalGap& gap, double recalibrated) {
  const bool lags = EvalGap::is_cured(gap.part_brought_back(recalibrated));
  gap.note(fmt::format("re-estimated buffers   {}   {}", share_word(recalibrated), lags ? "cured" : "not lag"));
  return lags;
}

std::optional<Finding> moved_too_often(EvalGap& gap, Step forwards) {
  const std::optional<double> moves = moves_per_batch(gap, forwards);
  if (!moves || !(*moves > kTooManyMoves)) return std::nullopt;
  gap.note(moves_line(*moves));
  Finding finding;
  finding.layer = gap.place(gap.modules().front().norm, 0);
  finding.confidence = 0.6;
  say_moved_too_often(finding, *moves, "It does no harm yet: what it was given is like the training data.");
  finding.evidence = gap.notes();
  return finding;
}

void why_they_lag(EvalGap& gap, double recalibrated, const TrainingSoFar& so_far, Diagnosis& diagnosis) {
  gap.tell("buffers that are moved on while the weights stand still");
  double followed = 0, lowest = INFINITY, highest = -INFINITY;
  {
    StillMoved buffers(gap.task());
    buffers.move(gap.training(), kStillBatches);
    followed = gap.eval_now();
    for (int i = 0; i < kMoreLooks; ++i) {
      buffers.move(gap.training(), kStillBatches / 3);
      const double now = gap.eval_now();
      lowest = std::min(lowest, now);
      highest = std::max(highest, now);
    }
  }
  const double part = gap.part_brought_back(recalibrated);
  const bool follows = EvalGap::is_cured(gap.part_brought_back(followed));
  gap.note(fmt::format("{} more batches, weights standing still   {}   {}", kStillBatches, share_word(followed),
                       follows ? "cured" : "not cured"));
  Finding late = why_they_differ(gap, recalibrated, part, so_far.forwards);
  if (late.cause != "norm-lag") return diagnosis.findings.push_back(std::move(late));
  const double as_made = part_as_made(gap);
  gap.note(fmt::format("{:.0f} % of what the running means were made with is left in them", 100 * as_made));
  if (!follows || as_made > kMuchAsMade) {
    if (gap.loss() > kLittleLag) diagnosis.findings.push_back(std::move(late));
    return;
  }
  const bool few = gap.batch_size() <= kFewImages;
  if (!(gap.loss() > (few ? kJitterOfFew : kJitter))) return;
  gap.note(fmt::format("and with every {} batches more   {} to {}", kStillBatches / 3, share_word(lowest),
                       share_word(highest)));
  late.evidence.push_back(gap.notes().back());
  late.confidence *= 0.8;
  if (few) {
    diagnosis.findings.push_back(small_batches_jump(gap, lowest, highest, part));
    diagnosis.findings.push_back(std::move(late));
  } else if (so_far.over) {
    diagnosis.findings.push_back(weights_too_fast(gap, late, followed, so_far.forwards));
    diagnosis.findings.push_back(std::move(late));
    std::ranges::stable_sort(diagnosis.findings, std::greater(), &Finding::confidence);
  } else {
    diagnosis.untested.push_back(
        fmt::format("whether running statistics catch up once the learning rate falls: the run is not over ({} now)",
                    gap.loss_words()));
  }
}

}  // namespace ablate
