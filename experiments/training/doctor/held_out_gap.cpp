#include "experiments/training/doctor/held_out_gap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

namespace ablate {

using torch::Tensor;

namespace {

/// In the primary metric: from where on what another preparation brings back tells something, less of pictures that are
/// unlike.
constexpr double kOfPreparation = 0.03, kOfUnlike = 0.01;
/// Standard errors that will do where pictures are unlike; and of what samples gain by a change that something else
/// speaks for too.
constexpr double kSureOfUnlike = 2.5, kProbablyGained = 1.5;

/// Whether red is to blue in held-out pictures as blue is to red in training pictures, by their colours.
bool look_exchanged(SeenData& data, const Tensor& theirs, const Tensor& ours) {
  const auto red_less_blue = [](const Tensor& rows) { return rows.select(1, 0) - rows.select(1, 2); };
  const Tensor a = red_less_blue(theirs), b = red_less_blue(ours);
  const double spread = std::max(((a.var() + b.var()) / 2).sqrt().item<double>(), 1e-6);
  const double as_they_are = std::abs(mean_of(a) - mean_of(b)) / spread,
               exchanged = std::abs(mean_of(a) + mean_of(b)) / spread;
  data.note(
      fmt::format("red less blue differs between training and held-out pictures by {:.1f} standard deviations, with "
                  "held-out pictures' exchanged by {:.1f}",
                  as_they_are, exchanged));
  return as_they_are > kUnlike && exchanged < as_they_are / 2;
}

/// What held-out pictures get once they are prepared otherwise, where that brings back enough of what is lost. Only
/// what most of them gain by: what each gains is surer than the mean of so few.
struct Prepared {
  std::string how, line;
  double value = 0, gain = 0;
};
Prepared other_preparation(SeenData& data, double lost, double least, double usually_sure, bool exchanged) {
  const SeenSet &training = data.training(), &held_out = data.held_out();
  const Tensor theirs = colours(training), ours = colours(held_out);
  const std::int64_t channels = training.inputs.size(1);
  const Tensor as_it_is = data.each_with_inputs([](const Tensor& x) { return x; });
  Prepared best;
  const auto attempt = [&](const std::string& how, const std::function<Tensor(const Tensor&)>& change, double part,
                           double sure) {
    const Tensor values = data.each_with_inputs(change);
    const double value = mean_of(values), gain = data.metric().better(value, mean_of(as_it_is));
    data.note(fmt::format("held-out pictures {}: {} {}", how, data.metric().word(), share_word(value)));
    if (gain > std::max({best.gain, part * lost, least}) && std::abs(certainty(values - as_it_is)) > sure)
      best = {how, data.last_note(), value, gain};
  };
  const auto shaped = [&](const Tensor& row) { return row.reshape({1, -1, 1, 1}).to(data.patient().device); };
  const Tensor to_mean = theirs.mean(0).slice(0, 0, channels), from_mean = ours.mean(0).slice(0, 0, channels);
  const Tensor factor = theirs.mean(0).slice(0, channels) / ours.mean(0).slice(0, channels).clamp_min(1e-3);
  attempt(
      "brought to the training pictures' mean and range",
      [&](const Tensor& x) { return (x - shaped(from_mean)) * shaped(factor) + shaped(to_mean); }, 0.5, usually_sure);
  attempt(
      "turned to their negative", [](const Tensor& x) { return 1 - x; }, 0.5, usually_sure);
  attempt(
      "made darker in the middle (gamma 2.2)", [](const Tensor& x) { return x.clamp_min(0).pow(2.2); }, 0.5,
      usually_sure);
  attempt(
      "made lighter in the middle (gamma 1 / 2.2)", [](const Tensor& x) { return x.clamp_min(0).pow(1 / 2.2); }, 0.5,
      usually_sure);
  // Which channel is which is no matter of how alike two sets are: less will do, and where their colours say it too
  // almost anything.
  if (channels == 3)
    attempt(
        "given with red and blue exchanged", [](const Tensor& x) { return x.flip(1); }, 0.25,
        exchanged ? kProbablyGained : usually_sure);
  return best;
}

}  // namespace

void why_held_out_is_worse(SeenData& data) {
  const SeenSet &training = data.training(), &held_out = data.held_out();
  data.tell("why held-out samples are predicted worse");
  const double on_training = data.metric_on_training(), on_held_out = data.metric_on_held_out();
  const double errors =
      (training.overlaps.var() / training.size() + held_out.overlaps.var() / held_out.size()).sqrt().item<double>();
  const double sure = (mean_of(training.overlaps) - mean_of(held_out.overlaps)) / std::max(errors, 1e-6);
  data.note(fmt::format("{} on training samples {}, on held-out ones {} ({:.1f} standard errors); {}",
                        data.metric().word(), share_word(on_training), share_word(on_held_out), sure,
                        data.difference()));
  const std::string gap_line = data.last_note();
  const double lost = data.metric().better(on_training, on_held_out);
  const bool unlike = data.surely_unlike();
  const double needed = unlike ? kSureOfUnlike : kSure;
  const bool exchanged = training.inputs.size(1) == 3 && look_exchanged(data, colours(training), colours(held_out));
  const double least = data.apart() > kUnlike || exchanged ? kOfUnlike : kOfPreparation;
  if (!(lost > least)) return;
  if (!data.has_images()) {
    data.untested("why held-out samples are predicted worse: the task has no \"image\"");
    return;
  }
  const auto another_world = [&](double at_best) {
    Finding& finding = data.found(
        "domain-shift", 0.7,
        fmt::format("Held-out pictures are from another world: {}, and {} is {} instead of {} on training pictures{}.",
                    data.difference(), data.metric().word(), share_word(on_held_out), share_word(on_training),
                    at_best == on_held_out ? "" : fmt::format(", {} at best", share_word(at_best))),
        "train on pictures such as these too, or augment towards them");
    finding.evidence.insert(finding.evidence.begin(), gap_line);
  };
  if (const auto prepared = other_preparation(data, lost, least, needed, exchanged); prepared.gain > 0) {
    Finding& finding =
        data.found("input-normalisation", std::max(0.6, prepared.gain / lost),
                   fmt::format("Held-out pictures are prepared differently from training pictures ({}): {} "
                               "gets from {} to {} once they are {}.",
                               data.difference(), data.metric().word(), share_word(on_held_out),
                               share_word(prepared.value), prepared.how),
                   "prepare both alike: the same range, order of channels and normalisation");
    finding.evidence = {gap_line, prepared.line};
    if (!unlike || !(lost - prepared.gain > kGap)) return;  // Else something is left that no preparation explains.
    data.note(prepared.line);
    return another_world(prepared.value);
  }
  if (!(lost > (unlike ? kGap / 2 : kGap)) || !(sure >= needed)) return;
  if (unlike) return another_world(on_held_out);
  Finding& finding = data.found(
      "overfitting", 0.7,
      fmt::format(
          "The network knows its training pictures by heart: {} {} on them, {} on held-out ones that look alike "
          "({:.1f} standard errors).",
          data.metric().word(), share_word(on_training), share_word(on_held_out), sure),
      data.patient().config.real("data.flip") == 0 ? "data.flip = 0.5"
                                                   : "more pictures, fewer steps, or train.stop_after");
  finding.evidence.insert(finding.evidence.begin(), gap_line);
}

}  // namespace ablate
