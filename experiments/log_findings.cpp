#include "experiments/log_findings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>

namespace ablate {
namespace {

/// Of fewer points nothing is said.
constexpr std::size_t kFewest = 20;
/// A loss that ends so many times above where it began has diverged; one above its least is no chance.
constexpr double kGrown = 1.5, kRisen = 1.25, kStillFalling = 0.9;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char letter) { return std::tolower(letter); });
  return text;
}

/// Words of a tag: letters between anything else.
std::vector<std::string> tag_words(const std::string& tag) {
  std::vector<std::string> words;
  std::string word;
  for (const char letter : lower(tag) + "/") {
    if (std::isalpha(static_cast<unsigned char>(letter))) {
      word += letter;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  return words;
}

bool has_any(const std::vector<std::string>& words, std::initializer_list<const char*> any) {
  return std::ranges::any_of(any, [&](const char* word) { return std::ranges::find(words, word) != words.end(); });
}

bool names_a_loss(const std::string& tag) { return lower(tag).find("loss") != std::string::npos; }
bool is_training(const std::string& tag) { return has_any(tag_words(tag), {"train", "training"}); }
bool is_validation(const std::string& tag) {
  return has_any(tag_words(tag), {"val", "valid", "validation", "test", "eval"});
}

/// Without the words that tell the sets apart.
std::vector<std::string> subject_of(const std::string& tag) {
  std::vector<std::string> words = tag_words(tag);
  std::erase_if(words, [](const std::string& word) {
    return has_any({word}, {"train", "training", "val", "valid", "validation", "test", "eval", "epoch", "step"});
  });
  return words;
}

using Curve = SharedColumn<ScalarPoint>;

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
    if (losses_ == 0) diagnosis_.untested.emplace_back("how it learnt: no tag has \"loss\" in its name");
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
      const std::size_t tenth = std::max<std::size_t>(3, points.size() / 10);
      const bool enough = points.size() >= kFewest;
      const double began = middle_of(points, 0, std::min(tenth, points.size()));
      const double ended = middle_of(points, points.size() - std::min(tenth, points.size()), points.size());
      diagnosis_.tests.push_back(
          fmt::format("{}: {} points, began at {:.3g} and ended at {:.3g}", tag, points.size(), began, ended));
      if (not_finite(tag, points) || !enough) continue;
      if (!is_validation(tag) && began > 0 && ended > kGrown * began)
        found("learning-rate-too-high", tag, 0.6,
              fmt::format("{} ends at {:.3g}, above the {:.3g} that it began with: the steps are too long, or the data "
                          "changed under way.",
                          tag, ended, began),
              "a lower learning rate, or a warm-up");
      if (is_validation(tag)) overfitting(tag, points, ended);
    }
  }

  bool not_finite(const std::string& tag, const Curve& points) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (std::isfinite(points[i].value)) continue;
      found("not-finite", tag, 0.95,
            fmt::format("{} is {} from step {} on.", tag, std::isnan(points[i].value) ? "NaN" : "infinite",
                        points[i].step),
            "go on from a checkpoint before that, with a lower learning rate or clipped gradients");
      return true;
    }
    return false;
  }

  /// The training loss of the same name.
  const Curve* training_of(const std::string& tag) const {
    for (const auto& [other, points] : data_.scalars)
      if (is_training(other) && points.size() >= kFewest && subject_of(other) == subject_of(tag)) return &points;
    return nullptr;
  }

  void overfitting(const std::string& tag, const Curve& points, double ended) {
    const Curve* const training = training_of(tag);
    if (!training) return;
    std::size_t least = 0;
    for (std::size_t i = 0; i < points.size(); ++i)
      if (points[i].value < points[least].value) least = i;
    std::size_t then = 0;
    while (then + 1 < training->size() && (*training)[then + 1].step <= points[least].step) ++then;
    const std::size_t around = std::max<std::size_t>(2, training->size() / 20);
    const double at_least =
        middle_of(*training, then > around ? then - around : 0, std::min(then + around, training->size()));
    const double at_end = middle_of(*training, training->size() - 2 * around, training->size());
    if (!(points[least].value > 0) || !(ended > kRisen * points[least].value) || !(at_end < kStillFalling * at_least) ||
        points.size() - least < points.size() / 5)
      return;
    found(
        "overfitting", tag, 0.7,
        fmt::format("{} was least ({:.3g}) at step {} and ends at {:.3g}, while the training loss fell on, from {:.3g} "
                    "to {:.3g}: the network learns its training samples by heart.",
                    tag, points[least].value, points[least].step, ended, at_least, at_end),
        "stop at that step, augment, or train on more samples");
  }

  void gradients() {
    std::vector<std::string> still;
    std::size_t count = 0;
    for (const auto& [tag, points] : data_.histograms) {
      if (lower(tag).find("grad") == std::string::npos || points.empty()) continue;
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
