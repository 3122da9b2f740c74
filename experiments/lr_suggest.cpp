#include "experiments/lr_suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

namespace ablate {
namespace {

/// What the rules look at: learning rates and smoothed losses, all finite.
struct Window {
  std::vector<double> lr, loss;
  std::size_t size() const { return lr.size(); }
};

/// [first, recorded − 5), cut at the first that is not finite. A test that ended in NaN would have recorded nothing
/// else up to its last step.
Window window_of(std::span<const RangePoint> points, std::size_t first, Step steps) {
  constexpr std::size_t kLeftOut = 5;
  std::size_t recorded = points.size();
  if (!points.empty() && std::isnan(points.back().smoothed))
    recorded = std::max(recorded, static_cast<std::size_t>(steps));
  const std::size_t end = std::min(points.size(), recorded > kLeftOut ? recorded - kLeftOut : 0);
  Window window;
  for (std::size_t i = first; i < end && std::isfinite(points[i].smoothed); ++i) {
    window.lr.push_back(points[i].lr);
    window.loss.push_back(points[i].smoothed);
  }
  return window;
}

/// numpy.gradient: central differences by index, one-sided at the ends. At least two values.
std::vector<double> gradient_of(const std::vector<double>& values) {
  const std::size_t n = values.size();
  std::vector<double> gradient(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t left = i == 0 ? 0 : i - 1, right = i + 1 == n ? i : i + 1;
    gradient[i] = (values[right] - values[left]) / static_cast<double>(right - left);
  }
  return gradient;
}

std::size_t least_of(const std::vector<double>& values) {
  return static_cast<std::size_t>(std::ranges::min_element(values) - values.begin());
}

constexpr const char* kTooFew = "too few points are left between the first tenth and the last five";
constexpr const char* kNeverFalls = "the loss never falls";

LrSuggestion valley(const Window& window) {
  if (window.size() < 2) return {"valley", {}, kTooFew};
  // tails[k]: the largest loss that a strictly falling subsequence of length k + 1 has ended with so far.
  std::vector<double> tails;
  std::size_t end = 0, width = 0;
  for (std::size_t i = 0; i < window.size(); ++i) {
    const auto tail = std::ranges::lower_bound(tails, window.loss[i], std::greater<>());
    const auto length = static_cast<std::size_t>(tail - tails.begin()) + 1;
    if (tail == tails.end())
      tails.push_back(window.loss[i]);
    else
      *tail = window.loss[i];
    if (length > width) {
      width = length;
      end = i;
    }
  }
  if (width < 2) return {"valley", {}, kNeverFalls};
  if (end + width / 3 + width / 6 < width) return {"valley", {}, "the loss falls from one point to the next alone"};
  return {"valley", window.lr[end + width / 3 + width / 6 - width], ""};
}

LrSuggestion steep(const Window& window) {
  if (window.size() < 2) return {"steep", {}, kTooFew};
  std::vector<double> slopes;
  for (std::size_t i = 0; i + 1 < window.size(); ++i)
    slopes.push_back((window.loss[i + 1] - window.loss[i]) / std::log(window.lr[i + 1] / window.lr[i]));
  const std::size_t least = least_of(slopes);
  if (slopes[least] >= 0) return {"steep", {}, kNeverFalls};
  return {"steep", window.lr[least], ""};
}

LrSuggestion minimum(const Window& window) {
  if (window.size() < 2) return {"minimum", {}, kTooFew};
  const std::size_t least = least_of(window.loss);
  if (least == 0) return {"minimum", {}, "the loss is least where the test begins"};
  return {"minimum", window.lr[least] / 10, ""};
}

LrSuggestion slide(const Window& window) {
  constexpr std::size_t kApart = 15;
  constexpr double kThreshold = 0.005;
  if (window.size() <= kApart) return {"slide", {}, kTooFew};
  const std::vector<double> gradient = gradient_of(window.loss);
  if (std::ranges::min(gradient) >= 0) return {"slide", {}, kNeverFalls};
  std::size_t right = window.size() - 1;
  double lr = window.lr[right - kApart];
  for (; right >= kApart && std::abs(gradient[right] - gradient[right - kApart]) > kThreshold; --right)
    lr = window.lr[right - kApart];
  return {"slide", lr, ""};
}

LrSuggestion pytorch_lr_finder(const Window& window) {
  if (window.size() < 2) return {"pytorch-lr-finder", {}, kTooFew};
  const std::vector<double> gradient = gradient_of(window.loss);
  const std::size_t least = least_of(gradient);
  if (gradient[least] >= 0) return {"pytorch-lr-finder", {}, kNeverFalls};
  return {"pytorch-lr-finder", window.lr[least], ""};
}

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::ranges::nth_element(values, middle);
  return *middle;
}

/// From any value to a later one.
double deepest_fall(const std::vector<double>& values) {
  double highest = -std::numeric_limits<double>::infinity(), deepest = 0;
  for (const double value : values) {
    highest = std::max(highest, value);
    deepest = std::max(deepest, highest - value);
  }
  return deepest;
}

/// How many come before the first that is not finite.
std::size_t finite_before(std::span<const RangePoint> points) {
  return static_cast<std::size_t>(
      std::ranges::find_if(points, [](const RangePoint& point) { return !std::isfinite(point.smoothed); }) -
      points.begin());
}

std::string not_finite_from(double lr) {
  return fmt::format("At {:.2g} the loss is not finite; only what is before it counts.", lr);
}

/// How far single losses scatter around their neighbours: a robust standard deviation of their differences.
double scatter_of(std::span<const RangePoint> points) {
  std::vector<double> differences;
  for (std::size_t i = 1; i < points.size(); ++i)
    if (const double difference = std::abs(points[i].loss - points[i - 1].loss); std::isfinite(difference))
      differences.push_back(difference);
  return differences.empty() ? 0 : 1.4826 * median_of(std::move(differences)) / std::sqrt(2.0);
}

/// Of losses, all finite.
struct Fall {
  double from = 0;   ///< the median of the first tenth
  double depth = 0;  ///< from there to the least median of as many in a row
  double noise = 0;  ///< how deep noise alone makes one
  bool may_be_chance() const { return depth < noise; }
};

/// What noise alone falls by at most in 99 of 100 tests, by what single batches scatter by: 1.9 where medians are of
/// ten points or more, and more where they are of fewer.
double most_scatters(std::size_t points_of_a_median) {
  return 2 * std::sqrt(std::max(1.0, 10 / static_cast<double>(points_of_a_median)));
}

Fall fall_of(std::span<const RangePoint> points) {
  const std::size_t tenth = std::max<std::size_t>(1, points.size() / 10);
  const auto median_from = [&](std::size_t first) {
    std::vector<double> losses;
    for (const RangePoint& point : points.subspan(first, tenth)) losses.push_back(point.loss);
    return median_of(std::move(losses));
  };
  Fall fall{median_from(0)};
  for (std::size_t first = 0; first + tenth <= points.size(); first += std::max<std::size_t>(1, tenth / 4))
    fall.depth = std::max(fall.depth, fall.from - median_from(first));
  fall.noise = most_scatters(tenth) * scatter_of(points);
  return fall;
}

/// Our own: see the header.
LrSuggestion fall_1000(std::span<const RangePoint> points, const Fall& fall) {
  constexpr double kStepsADecade = 125, kPart = 0.8;
  const double least = std::ranges::min_element(points, {}, &RangePoint::loss)->loss;
  if (least >= fall.from) return {"fall-1000", {}, kNeverFalls};
  if (fall.may_be_chance()) return {"fall-1000", {}, "the loss falls by no more than single batches differ"};
  const auto there = std::ranges::find_if(
      points, [&](const RangePoint& point) { return fall.from - point.loss >= kPart * (fall.from - least); });
  const double steps_a_decade =
      static_cast<double>(points.size() - 1) / std::log10(points.back().lr / points.front().lr);
  return {"fall-1000", there->lr * steps_a_decade / kStepsADecade, ""};
}

/// Both procedures would have stopped there.
std::optional<double> went_on_after_diverging(std::span<const RangePoint> points) {
  constexpr double kDiverged = 5;
  double least = std::numeric_limits<double>::infinity();
  for (const RangePoint& point : points.first(points.size() - 1)) {
    if (least >= 0 && point.smoothed > kDiverged * least) return point.lr;
    least = std::min(least, point.smoothed);
  }
  return std::nullopt;
}

/// So many times their scatter a loss lies off no more by chance.
constexpr double kClearly = 4;

/// Whether the last loss lies clearly above the least that three in a row had: what is smoothed tells it later.
bool rises_at_its_end(std::span<const RangePoint> points) {
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i + 2 < points.size(); ++i)
    least = std::min(least, median_of({points[i].loss, points[i + 1].loss, points[i + 2].loss}));
  return points.back().loss > least + kClearly * scatter_of(points);
}

std::vector<std::string> doubts_of(std::span<const RangePoint> points, const Window& window, const Fall& fall) {
  std::vector<std::string> doubts;
  const std::size_t least = least_of(window.loss);
  if (fall.may_be_chance() && (least > 0 || std::ranges::max(window.loss) - window.loss[0] < scatter_of(points)))
    doubts.push_back(fmt::format(
        "The loss falls by {:.2g}, and noise like that of single batches alone by up to {:.2g}: what falls may be "
        "chance. Larger batches, or more steps (lr_find.iterations), would tell.",
        fall.depth, fall.noise));
  else if (least == 0)
    doubts.push_back(fmt::format("The loss is least where the test begins, at {:.2g}: begin lower (lr_find.start_lr).",
                                 window.lr.front()));
  if (const std::optional<double> lr = went_on_after_diverging(points))
    doubts.push_back(fmt::format(
        "At {:.2g} the loss had diverged, and the test went on: what falls after that is no training. End it there.",
        *lr));
  const bool rises = rises_at_its_end(points);
  if (const std::size_t finite = finite_before(points); finite < points.size())
    doubts.push_back(not_finite_from(points[finite].lr));
  else if (least + 1 == window.size() && least > 0 && points.back().smoothed <= window.loss[least])
    doubts.push_back(fmt::format("{}, at {:.2g}{}: {}go on further (lr_find.end_lr).",
                                 rises ? "At the end" : "The loss still falls at the end", points.back().lr,
                                 rises ? ", the loss itself rises and the smoothed one does not yet" : "",
                                 rises ? "to see whether that was too high, " : "no learning rate was too high, so "));
  return doubts;
}

/// The same, and what of its points may be why.
LrSuggestions cannot_tell(std::span<const RangePoint> points, const std::string& why) {
  LrSuggestions all = ablate::cannot_tell(why);
  if (const std::size_t finite = finite_before(points); finite < points.size())
    all.doubts.push_back(not_finite_from(points[finite].lr));
  return all;
}

}  // namespace

const std::vector<std::string>& lr_rules() {
  static const std::vector<std::string> rules = {"valley",   "steep", "minimum", "slide", "pytorch-lr-finder",
                                                 "fall-1000"};
  return rules;
}

LrSuggestions cannot_tell(const std::string& why) {
  LrSuggestions all;
  for (const std::string& rule : lr_rules()) all.rules.push_back({rule, {}, why});
  return all;
}

LrSuggestions suggest_lr(std::span<const RangePoint> points, Step steps) {
  if (steps <= 0) steps = std::ssize(points);
  const std::size_t finite = finite_before(points);
  if (finite < kLeastRangePoints)
    return cannot_tell(points, fmt::format("{} points are too few; {} are the least", finite, kLeastRangePoints));
  const Window window = window_of(points, static_cast<std::size_t>(steps / 10), steps);
  if (window.size() < 2) return cannot_tell(points, kTooFew);
  constexpr double kSinglePrecision = 1e-5;  // What rounding leaves of a flat line that was smoothed in floats.
  const auto [low, high] = std::ranges::minmax(window.loss);
  if (high - low <= kSinglePrecision * std::max(std::abs(low), std::abs(high)))
    return cannot_tell(points, "the loss is the same everywhere");
  const Fall fall = fall_of(points.first(finite));
  if (deepest_fall(window.loss) <= kSinglePrecision * std::max(std::abs(low), std::abs(high)))
    return {ablate::cannot_tell(kNeverFalls).rules, doubts_of(points, window, fall)};
  return {{valley(window), steep(window), minimum(window), slide(window),
           pytorch_lr_finder(window_of(points, 10, steps)), fall_1000(points.first(finite), fall)},
          doubts_of(points, window, fall)};
}

LrSuggestions suggest_lr(const RecordedTest& recorded, const RangeCurve& curve, Step steps) {
  LrSuggestions found = suggest_lr(curve.points(), steps);
  if (const std::size_t left_out = recorded.size() - curve.points().size(); left_out > 0)
    found.doubts.push_back(
        fmt::format("At {:.2g} the loss had diverged, where such a test ends: the {} after that {} left out.",
                    curve.points().back().lr, left_out == 1 ? "point" : fmt::format("{} points", left_out),
                    left_out == 1 ? "is" : "are"));
  return found;
}

nlohmann::json to_json(const LrSuggestions& suggestions) {
  nlohmann::json rules = nlohmann::json::object(), why = nlohmann::json::object();
  for (const LrSuggestion& each : suggestions.rules) {
    rules[each.rule] = each.lr ? nlohmann::json(*each.lr) : nlohmann::json();
    if (!each.lr) why[each.rule] = each.why;
  }
  return {{"suggestions", rules}, {"why", why}, {"doubts", suggestions.doubts}};
}

}  // namespace ablate
