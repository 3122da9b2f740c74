#include "experiments/training/doctor/norms.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "experiments/training/doctor/eval_gap.h"
#include "experiments/training/doctor/lagging_buffers.h"
#include "experiments/training/doctor/shared_norms.h"
#include "experiments/training/doctor/small_batches.h"

namespace ablate {
namespace {

/// Enough for the mean of a statistic to settle, and a bound to what it costs.
constexpr std::size_t kPreciseBatches = 60, kFewPreciseBatches = 20;
/// Samples that will do where there is a pass over them for every layer, or a run waits.
constexpr std::size_t kFewSamples = 48;
/// Of what eval mode loses on held-out samples: what is nothing on training samples.
constexpr double kNothingOf = 0.25;
/// What eval mode may lose while a run waits.
constexpr double kLittle = 0.05;

std::size_t batches_of_few(const FixedBatches& samples) { return 1 + (kFewSamples - 1) / samples.batch_size(); }

/// One layer at a time with the statistics of its batch, the others with their buffers.
std::vector<LayerBlame> blame_layers(EvalGap& gap) {
  FixedBatches few = gap.as_trained().first(batches_of_few(gap.as_trained()));
  const double eval = gap.metric().of(few, Mode::eval);
  std::vector<LayerBlame> blame;
  for (const auto& module : gap.modules())
    for (std::size_t k = 0; k < module.places.size(); ++k) {
      const std::string place = gap.place(module.norm, k);
      gap.tell(fmt::format("batch statistics in {} alone", place));
      OtherBuffers one;
      one.batch(module, k);
      blame.push_back({place, gap.metric().better(gap.metric().of(few, Mode::eval), eval)});
    }
  std::ranges::stable_sort(blame, std::greater(), &LayerBlame::gain);
  return blame;
}

void add_blame(EvalGap& gap, std::vector<Finding>& findings) {
  const std::vector<LayerBlame> blame = blame_layers(gap);
  std::vector<std::string> most;
  for (const LayerBlame& each : blame)
    if (most.size() < 3 && each.gain > 0) most.push_back(fmt::format("{} (+{})", each.layer, share_word(each.gain)));
  for (Finding& finding : findings) {
    finding.blame = blame;
    if (!most.empty())
      finding.evidence.push_back(
          fmt::format("eval mode, with batch statistics in one layer alone: {}", fmt::join(most, ", ")));
  }
}

void explain(EvalGap& gap, const TrainingSoFar& so_far, Diagnosis& diagnosis) {
  if (auto twins = twins_explain(gap)) return diagnosis.findings.push_back(std::move(*twins));
  if (lag_explains(gap, *diagnosis.recalibrated)) return why_they_lag(gap, *diagnosis.recalibrated, so_far, diagnosis);
  std::optional<Finding> shared;
  if (norms_are_shared(gap)) shared = sharing_explains(gap);
  if (!shared || !EvalGap::is_cured(shared->confidence)) {
    std::string why_not;
    if (auto small = small_batches_explain(gap, why_not)) return diagnosis.findings.push_back(std::move(*small));
    if (!shared) {
      if (auto few = few_images_explain(gap, *diagnosis.recalibrated))
        return diagnosis.findings.push_back(std::move(*few));
      return diagnosis.untested.push_back(
          fmt::format("why {}: neither lag nor sharing explains it, and {}", gap.loss_words(), why_not));
    }
  }
  blame_shared_modules(gap, *shared);
  diagnosis.findings.push_back(std::move(*shared));
}

}  // namespace

Diagnosis diagnose_norms(Task& task, FixedBatches& held_out, FixedBatches& training, Step forwards, bool over,
                         const TellTest& tell, double tolerance) {
  Diagnosis diagnosis;
  if (held_out.count() == 0 || training.count() == 0) {
    diagnosis.untested.emplace_back("anything: there are no samples to train on, or none to validate on");
    return diagnosis;
  }
  if (tell) tell("running statistics, estimated anew on training data");
  EvalGap gap(task, held_out, training, kPreciseBatches, tell);
  if (gap.modules().empty()) {
    diagnosis.untested.emplace_back("running statistics: no norm of this network keeps any");
    return diagnosis;
  }
  diagnosis.recalibrated = gap.re_estimated();
  gap.tell("eval mode and train mode, on validation and training data");
  gap.measure();
  const std::size_t whole = training.count() - (training.incomplete() ? 1 : 0);
  FixedBatches checked = training.first(std::clamp<std::size_t>(whole, 1, batches_of_few(training)));
  const double eval = gap.metric().of(checked, Mode::eval), train = gap.metric().of(checked, Mode::train);
  gap.note(fmt::format("eval {}   train mode {}   on training data {} / {}", share_word(gap.eval()),
                       share_word(gap.train()), share_word(eval), share_word(train)));
  if (gap.loss() > tolerance && gap.metric().better(train, eval) < kNothingOf * gap.loss()) {
    diagnosis.untested.push_back(fmt::format(
        "norms: {} on held-out samples, and {} on training samples, so it is what held-out samples are like",
        gap.loss_words(), share_word(std::max(0.0, gap.metric().better(train, eval)))));
  } else if (gap.loss() > tolerance) {
    explain(gap, {forwards, over}, diagnosis);
  } else {
    gap.note(fmt::format("re-estimated buffers   {}", share_word(*diagnosis.recalibrated)));
    if (auto moved = moved_too_often(gap, forwards)) diagnosis.findings.push_back(std::move(*moved));
  }
  if (!diagnosis.findings.empty()) add_blame(gap, diagnosis.findings);
  diagnosis.tests = gap.notes();
  return diagnosis;
}

std::optional<Finding> find_shared_norm(Task& task, FixedBatches& held_out, FixedBatches& training) {
  if (held_out.count() == 0 || training.count() == 0) return std::nullopt;
  FixedBatches few = held_out.first(batches_of_few(held_out));
  const TellTest nobody;
  EvalGap gap(task, few, training, kFewPreciseBatches, nobody);
  if (!norms_are_shared(gap)) return std::nullopt;
  gap.measure();
  gap.note(fmt::format("eval {}   train mode {}", share_word(gap.eval()), share_word(gap.train())));
  if (!(gap.loss() > kLittle) || lag_explains(gap, gap.re_estimated())) return std::nullopt;
  auto shared = sharing_explains(gap);
  return shared && EvalGap::is_cured(shared->confidence) ? std::move(shared) : std::nullopt;
}

}  // namespace ablate
