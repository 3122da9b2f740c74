#include "experiments/log_findings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>

#include "runs/text.h"

namespace ablate {
namespace {

/// Of fewer points nothing is said.
constexpr std::size_t kFewest = 30;
/// A loss that ends so many times above where it began has diverged; of so much of its last third.
constexpr double kGrown = 1.5, kNearlyAll = 0.9;
/// One that has risen so far above its least, and by so many of its usual jumps, is no chance; and what the training
/// loss is then, of what it was.
constexpr double kRisen = 1.25, kJumps = 4, kStillFalling = 0.9;
/// Looks at gradients that have to be zero.
constexpr std::size_t kLooks = 3;

constexpr std::initializer_list<const char*> kTraining{"train", "training"};
constexpr std::initializer_list<const char*> kValidation{"val", "valid", "validation", "test", "eval", "dev"};

/// Words of a tag: letters between anything else, "valLoss" being two.
std::vector<std::string> tag_words(const std::string& tag) {
  std::vector<std::string> words;
  std::string word;
  bool small = false;  // The last letter was.
  for (const char each : tag + "/") {
    const auto letter = static_cast<unsigned char>(each);
    const bool new_word = std::isupper(letter) && small;
    if ((new_word || !std::isalpha(letter)) && !word.empty()) {
      words.push_back(lower_case(word));
      word.clear();
    }
    if (std::isalpha(letter)) word += each;
    small = std::islower(letter) != 0;
  }
  return words;
}

bool has_any(const std::vector<std::string>& words, std::initializer_list<const char*> any) {
  return std::ranges::any_of(any, [&](const char* word) { return std::ranges::find(words, word) != words.end(); });
}

/// Without the words that tell the sets apart.
std::vector<std::string> subject_of(const std::string& tag) {
  std::vector<std::string> words = tag_words(tag);
  std::erase_if(words, [](const std::string& word) {
    return has_any({word}, kTraining) || has_any({word}, kValidation) || word == "epoch" || word == "step";
  });
  return words;
}

bool names_a_loss(const std::string& tag) {
  const std::vector<std::string> subject = subject_of(tag);
  return subject == std::vector<std::string>{"loss"} || subject == std::vector<std::string>{"total", "loss"};
}
bool is_validation(const std::string& tag) { return has_any(tag_words(tag), kValidation); }
bool is_training(const std::string& tag) { return has_any(tag_words(tag), kTraining) && !is_validation(tag); }

using Curve = ScalarColumn;

/// The median of some points' values, NaN where there are none.
double middle_of(const Curve& points, std::size_t from, std::size_t to) {
  std::vector<double> values;
  for (std::size_t i = from; i < to; ++i)
    if (std::isfinite(points[i].value)) values.push_back(points[i].value);
  if (values.empty()) return NAN;
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::ranges::nth_element(values, middle);
  return *middle;
}

class LogReader {
 public:
  explicit LogReader(const RunData& data) : data_(data) {}

  LogDiagnosis run() {
    losses();
    gradients();
    diagnosis_.untested = {
        "norms, learning rates and data: a log has no weights to try anything out with (ablate train --from takes "
        "those "
        "of a checkpoint)"};
    if (losses_ == 0) diagnosis_.untested.emplace_back("how it learnt: no tag is a loss by its name");
    std::ranges::stable_sort(diagnosis_.findings, std::greater(), &Finding::confidence);
    return std::move(diagnosis_);
  }

 private:
  void found(const char* cause, const std::string& tag, double confidence, std::string sentence, std::string cure) {
    Finding& finding = diagnosis_.findings.emplace_back();
    finding.cause = cause;
    finding.layer = tag;
    finding.confidence = confidence;
    finding.sentence = std::move(sentence);
    finding.cure = std::move(cure);
    if (!diagnosis_.tests.empty()) finding.evidence = {diagnosis_.tests.back()};
  }

  void losses() {
    for (const auto& [tag, points] : data_.scalars) {
      if (!names_a_loss(tag) || points.empty()) continue;
      ++losses_;
      const std::size_t third = std::max<std::size_t>(1, points.size() / 3);
      const double began = middle_of(points, 0, third), ended = middle_of(points, points.size() - third, points.size());
      std::string test = fmt::format("{}: {} points", tag, points.size());
      if (std::isfinite(began) && std::isfinite(ended))
        test += fmt::format(", in its first third {:.3g} and in its last {:.3g} (medians)", began, ended);
      std::size_t lost = 0;
      for (std::size_t i = 0; i < points.size(); ++i) lost += !std::isfinite(points[i].value);
      if (lost > 0) test += fmt::format(", {} of them NaN or infinite", lost);
      if (points.size() < kFewest) test += fmt::format("; of fewer than {} no more is said", kFewest);
      diagnosis_.tests.push_back(std::move(test));
      if (not_finite(tag, points) || points.size() < kFewest) continue;
      if (is_validation(tag))
        overfitting(tag, points);
      else
        diverging(tag, points, began);
    }
  }

  bool not_finite(const std::string& tag, const Curve& points) {
    std::size_t from = points.size();
    while (from > 0 && !std::isfinite(points[from - 1].value)) --from;
    const std::size_t count = points.size() - from;
    if (count < std::min<std::size_t>(3, points.size())) return false;  // A single one may be a step that was skipped.
    found("not-finite", tag, 0.95,
          fmt::format("{} is {} from step {} on.", tag, std::isnan(points[from].value) ? "NaN" : "infinite",
                      points[from].step),
          "go on from a checkpoint before that, with a lower learning rate or clipped gradients");
    return true;
  }

  void diverging(const std::string& tag, const Curve& points, double began) {
    const std::size_t third = points.size() / 3;
    std::size_t above = 0;
    for (std::size_t i = points.size() - third; i < points.size(); ++i) above += points[i].value > kGrown * began;
    if (!(began > 0) || static_cast<double>(above) < kNearlyAll * static_cast<double>(third)) return;
    found("learning-rate-too-high", tag, 0.6,
          fmt::format("{} lies above {:.3g} in {} of its last {} points, and began around {:.3g}: the steps are too "
                      "long, or the data changed under way.",
                      tag, kGrown * began, above, third, began),
          "a lower learning rate, or a warm-up");
  }

  /// The training loss of the same name.
  const Curve* training_of(const std::string& tag) const {
    for (const auto& [other, points] : data_.scalars)
      if (is_training(other) && points.size() >= kFewest && subject_of(other) == subject_of(tag)) return &points;
    return nullptr;
  }

  /// Medians of a tenth each, so that no single point counts.
  static std::vector<double> tenths(const Curve& points) {
    std::vector<double> medians;
    for (std::size_t k = 0; k < 10; ++k)
      medians.push_back(middle_of(points, k * points.size() / 10, (k + 1) * points.size() / 10));
    return medians;
  }

  /// The median difference of neighbours.
  static double jump(const Curve& points) {
    std::vector<double> jumps;
    for (std::size_t i = 1; i < points.size(); ++i) jumps.push_back(std::abs(points[i].value - points[i - 1].value));
    std::ranges::nth_element(jumps, jumps.begin() + std::ssize(jumps) / 2);
    return jumps[jumps.size() / 2];
  }

  void overfitting(const std::string& tag, const Curve& points) {
    const Curve* const training = training_of(tag);
    if (!training) return;
    const auto last = [](const Curve& curve) { return static_cast<double>(curve.back().step); };
    if (!(last(*training) < 2 * last(points)) || !(last(points) < 2 * last(*training))) return;  // Of other steps.
    const std::vector<double> validated = tenths(points), trained = tenths(*training);
    const auto at = std::ranges::min_element(validated) - validated.begin();
    const double least = validated[static_cast<std::size_t>(at)], ended = validated.back();
    const double then = trained[static_cast<std::size_t>(at)], now = trained.back();
    if (!(least > 0) || !(ended > kRisen * least) || !(ended - least > kJumps * jump(points)) ||
        !(now < kStillFalling * then) || at > 7)
      return;
    found("overfitting", tag, 0.7,
          fmt::format("{} was least ({:.3g}) around step {} and ends at {:.3g}, while the training loss fell on, from "
                      "{:.3g} to {:.3g}: the network learns its training samples by heart.",
                      tag, least, points[static_cast<std::size_t>(at) * points.size() / 10].step, ended, then, now),
          "stop at that step, augment, or train on more samples");
  }

  void gradients() {
    std::vector<std::string> still;
    std::size_t count = 0;
    for (const auto& [tag, points] : data_.histograms) {
      if (!has_any(tag_words(tag), {"grad", "grads", "gradient", "gradients"}) || points.size() < kLooks) continue;
      ++count;
      bool zero = true;
      for (std::size_t i = 0; i < points.size() && zero; ++i)
        zero = points[i].histogram->count > 0 && points[i].histogram->min == 0 && points[i].histogram->max == 0;
      if (zero) still.push_back(tag);
    }
    if (count > 0)
      diagnosis_.tests.push_back(fmt::format("{} of {} histograms of gradients are all zero", still.size(), count));
    if (still.empty() || still.size() == count) return;
    const std::size_t all = still.size();
    const std::string first = still.front();
    if (all > 6) still.resize(6);
    found("layers-not-updated", first, 0.8,
          fmt::format("The gradients of {} of {} parameters are zero at every look ({}{}): they don't learn.", all,
                      count, fmt::join(still, ", "), all > 6 ? ", …" : ""),
          "hand them to the optimiser, with requires_grad, and keep their outputs in the graph");
  }

  const RunData& data_;
  LogDiagnosis diagnosis_;
  std::size_t losses_ = 0;
};

}  // namespace

LogDiagnosis diagnose_log(const RunData& data) { return LogReader(data).run(); }

}  // namespace ablate
