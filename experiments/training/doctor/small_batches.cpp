#include "experiments/training/doctor/small_batches.h"

#include <fmt/format.h>

#include <algorithm>

namespace ablate {
namespace {

/// Of which statistics hardly vary any more.
constexpr std::size_t kManyImages = 32;
/// Of more, statistics are not far from those of all.
constexpr std::int64_t kSmallBatch = 4, kEnoughImages = 16;
constexpr const char* kCure = "Larger batches cure it, or a norm that looks at one image (group, instance, layer).";

std::string of_images(std::size_t size) {
  return fmt::format("With batches of {} {}", count_word(size), size == 1 ? "image" : "images");
}

Finding small_batch_norm(const EvalGap& gap, double part, const std::string& sentence) {
  Finding finding;
  finding.cause = "small-batch-norm";
  finding.layer = gap.place(gap.modules().front().norm, 0);
  finding.confidence = std::clamp(part, 0.0, 0.99);
  finding.sentence = sentence;
  finding.evidence = gap.notes();
  finding.cure = fmt::format("train.batch_size = {}", std::max<std::size_t>(16, 4 * gap.batch_size()));
  return finding;
}

}  // namespace

std::optional<Finding> small_batches_explain(EvalGap& gap, std::string& why_not) {
  const std::size_t size = gap.batch_size(), samples = gap.held_out().samples();
  if (size >= kManyImages) {
    why_not = "batches are large";
    return std::nullopt;
  }
  if (samples < 2 * size) {
    why_not = "there are too few samples for larger batches";
    return std::nullopt;
  }
  gap.tell("train mode with larger batches");
  FixedBatches larger = gap.held_out().in_batches_of(kManyImages).whole();
  const double large = gap.metric().of(larger, Mode::train);
  const double part = gap.metric().better(gap.train(), large) / gap.loss();
  const std::size_t images = std::min(kManyImages, samples);
  gap.note(fmt::format("train mode, batches of {} / of {}   {} / {}   {}", size, images, share_word(gap.train()),
                       share_word(large), EvalGap::is_cured(part) ? "as bad as eval mode" : "not the batch's size"));
  if (!EvalGap::is_cured(part)) {
    why_not = "the batch's size does not either";
    return std::nullopt;
  }
  return small_batch_norm(
      gap, part,
      fmt::format("{} the network has learnt to live with statistics of so few: in train mode it gets to {} {} with "
                  "them and to {} with those of {} images, so no running statistics fit and {}. {}",
                  of_images(size), share_word(gap.train()), gap.metric().word(), share_word(large), images,
                  gap.loss_words(), kCure));
}

std::optional<Finding> few_images_explain(EvalGap& gap, double recalibrated) {
  if (gap.batch_size() > static_cast<std::size_t>(kSmallBatch)) return std::nullopt;
  FixedBatches some = gap.training().first(1 + (kManyImages - 1) / gap.batch_size());
  const double train = gap.metric().of(some, Mode::train), re_estimated = gap.re_estimated_on(some);
  // In batches of everything train mode and re-estimated statistics would be the same.
  const double of_size = gap.metric().better(train, re_estimated) / gap.loss(),
               of_lag = std::max(0.0, gap.part_brought_back(recalibrated));
  gap.note(fmt::format("training data, with the statistics of each batch / of {} batches   {} / {}",
                       gap.precise_batches(), share_word(train), share_word(re_estimated)));
  if (!EvalGap::is_cured(of_size + of_lag)) return std::nullopt;
  return small_batch_norm(
      gap, 0.9,
      fmt::format("{} statistics are so different from batch to batch that no running statistics fit: training data "
                  "get {} {} with those of each batch and {} with those of {} batches; {}. {}",
                  of_images(gap.batch_size()), share_word(train), gap.metric().word(), share_word(re_estimated),
                  gap.precise_batches(), gap.loss_words(), kCure));
}

Finding small_batches_jump(const EvalGap& gap, double lowest, double highest, double part) {
  return small_batch_norm(
      gap, part,
      fmt::format("{} weights and running statistics jump about: {}, is between {} and {} as the statistics alone are "
                  "moved on, with no further step of the weights, and now at {}. {}",
                  of_images(gap.batch_size()), gap.loss_words(), share_word(lowest), share_word(highest),
                  share_word(gap.eval()), kCure));
}

bool batches_are_too_small(Attempts& attempts) {
  const std::int64_t size = attempts.config().integer("train.batch_size");
  const std::vector<NormModule> norms = norm_modules(attempts.patient().task.networks());
  if (size > kSmallBatch || norms.empty() || !attempts.findings().empty()) return false;
  const std::int64_t of_a_step = size * attempts.config().integer("train.accumulate"),
                     images = std::max(kEnoughImages, of_a_step);
  const std::string larger = fmt::format("train.batch_size = {}, train.accumulate = 1", images),
                    several = fmt::format("train.accumulate = {}", images / size);
  std::vector<std::string> lines;
  const auto gone_on = [&](const std::string& change) {
    auto made = attempts.gone_on(change, kLongAttempt, Mode::eval);
    lines.push_back(attempts.last_note());
    return made;
  };
  const auto better = [&](const Rehearsal& a, const std::optional<Rehearsal>& b) {
    return b && attempts.metric().better(a.metric, b->metric) > kWorthIt;
  };
  // As many images to a step help by themselves, whatever the norms.
  const auto less_loss_and_better = [&](const Rehearsal& a, const std::optional<Rehearsal>& b) {
    return better(a, b) || (b && attempts.metric().better(a.metric, b->metric) > kSame && a.loss < kLessLoss * b->loss);
  };
  const auto with_larger = gone_on(larger);
  if (!attempts.cures(with_larger, Mode::eval) || !better(*with_larger, gone_on("")) ||
      (of_a_step < images && !less_loss_and_better(*with_larger, gone_on(several))))
    return false;
  attempts.found(
      {"small-batch-norm", norms.front().place(0), 0.9,
       fmt::format("{} their statistics differ so much from batch to batch that little is learnt: {} steps that go on "
                   "from the run's end with batches of {} get to {} {} on training data, and with as many images in "
                   "batches of {} they do not. {}",
                   of_images(static_cast<std::size_t>(size)), with_larger->steps, images, attempts.metric().word(),
                   share_word(with_larger->metric), size, kCure),
       lines, larger});
  return true;
}

}  // namespace ablate
