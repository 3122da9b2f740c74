#include "experiments/range_test.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace ablate {
namespace {

constexpr std::array<std::pair<std::string_view, RangeSmoothing>, 3> kNames{{
    {"fastai", RangeSmoothing::fastai},
    {"pytorch-lr-finder", RangeSmoothing::pytorch_lr_finder},
    {"none", RangeSmoothing::none},
}};

}  // namespace

std::optional<RangeSmoothing> range_smoothing_of(std::string_view word) {
  for (const auto& [name, smoothing] : kNames)
    if (name == word) return smoothing;
  return std::nullopt;
}

void RangeCurve::add(double lr, double loss) {
  double smoothed = loss;
  if (smoothing_ == RangeSmoothing::fastai) {
    mean_ = 0.98 * mean_ + 0.02 * loss;
    forgotten_ *= 0.98;
    smoothed = mean_ / (1 - forgotten_);
  } else if (smoothing_ == RangeSmoothing::pytorch_lr_finder && !points_.empty()) {
    smoothed = 0.05 * loss + 0.95 * points_.back().smoothed;
  }
  points_.push_back({lr, loss, smoothed});
  if (smoothed < least_) least_ = smoothed;
}

bool RangeCurve::over() const { return stopped() != "end of range"; }

std::string RangeCurve::stopped() const {
  if (points_.empty()) return "end of range";
  const double newest = points_.back().smoothed;
  if (std::isnan(newest)) return "not finite";
  const double most = smoothing_ == RangeSmoothing::fastai              ? 4 * least_
                      : smoothing_ == RangeSmoothing::pytorch_lr_finder ? 5 * least_
                                                                        : std::numeric_limits<double>::infinity();
  // Four times less than nothing is no threshold.
  return std::isinf(newest) || (newest > most && least_ >= 0) ? "diverged" : "end of range";
}

std::optional<RangeTest> RangeTest::from(const RunConfig& config) {
  const auto procedure = range_smoothing_of(config.text("lr_find.procedure"));
  if (!procedure || procedure == RangeSmoothing::none) return std::nullopt;
  return RangeTest{*procedure, config.real("lr_find.start_lr"), config.real("lr_find.end_lr"),
                   config.integer("lr_find.iterations"), config.integer("lr_find.batch_size")};
}

double RangeTest::lr(Step k) const {
  const auto last = static_cast<double>(procedure == RangeSmoothing::fastai ? steps : std::max<Step>(steps - 1, 1));
  return start_lr * std::pow(end_lr / start_lr, static_cast<double>(k) / last);
}

RangeCurve curve_of(const RangeTest& test, const RunData& data) {
  RangeCurve curve(test.procedure);
  const auto losses = data.scalars.find("loss/train");
  if (losses == data.scalars.end()) return curve;
  for (std::size_t i = 0; i < losses->second.size(); ++i) {
    const ScalarPoint& point = losses->second[i];
    curve.add(test.lr(point.step - 1), point.value);
  }
  return curve;
}

RangeCurve curve_of(const RecordedTest& recorded, RangeSmoothing smoothing) {
  RangeCurve curve(smoothing);
  for (const auto& [lr, loss] : recorded) {
    curve.add(lr, loss);
    if (curve.stopped() == "diverged") break;
  }
  return curve;
}

}  // namespace ablate
