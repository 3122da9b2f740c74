#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/recorded_test.h"
#include "experiments/run_config.h"
#include "runs/series.h"

namespace ablate {

/// How the losses of a learning-rate range test are smoothed as they come, and when they are called diverged; L the
/// loss of point k = 0, 1, …, S its smoothed value:
/// - fastai: v ← .98v + .02L, S = v / (1 − .98^(k+1)); diverged when S > 4 · the least S (fastai's LRFinder)
/// - pytorch_lr_finder: S₀ = L₀, S = .05L + .95 of the S before; diverged when S > 5 · the least S (its smooth_f = .05,
///   diverge_th = 5)
/// - none: S = L, never diverged: for losses that were smoothed when they were recorded
/// An infinite loss has diverged; where the least is below 0, no other has.
enum class RangeSmoothing { fastai, pytorch_lr_finder, none };

/// "fastai", "pytorch-lr-finder", "none"; nullopt for another word.
std::optional<RangeSmoothing> range_smoothing_of(std::string_view word);

/// A point of a range test. The loss is of the batch before its update with this learning rate.
struct RangePoint {
  double lr = 0;        ///< > 0
  double loss = 0;      ///< may be NaN or infinite
  double smoothed = 0;  ///< likewise
};

/// The points of a range test, smoothed as they come.
class RangeCurve {
 public:
  explicit RangeCurve(RangeSmoothing smoothing) : smoothing_(smoothing) {}

  void add(double lr, double loss);
  const std::vector<RangePoint>& points() const { return points_; }
  /// Whether the newest point says that the test is over: the loss has diverged, or is NaN (fastai's own goes on then,
  /// with nothing but NaN).
  bool over() const;
  /// Why no point came after the newest: "diverged", "not finite" (a NaN), or "end of range".
  std::string stopped() const;

 private:
  RangeSmoothing smoothing_;
  std::vector<RangePoint> points_;
  double mean_ = 0, forgotten_ = 1;  ///< fastai's v, and .98^count
  double least_ = std::numeric_limits<double>::infinity();
};

/// What `lr_find.*` asks for.
struct RangeTest {
  RangeSmoothing procedure = RangeSmoothing::fastai;
  double start_lr = 1e-7, end_lr = 10;
  Step steps = 100;
  std::int64_t batch_size = 0;  ///< of its steps; 0: that of the training

  bool operator==(const RangeTest&) const = default;

  /// nullopt where lr_find.procedure is none: an ordinary run.
  static std::optional<RangeTest> from(const RunConfig& config);

  /// Of step k = 0 … steps − 1: start·(end/start)^(k/steps), of pytorch-lr-finder ^(k/(steps − 1)).
  double lr(Step k) const;
};

/// What such a run has logged so far.
RangeCurve curve_of(const RangeTest& test, const RunData& data);

/// What a procedure that smooths like that would have recorded: nothing after it diverged.
RangeCurve curve_of(const RecordedTest& recorded, RangeSmoothing smoothing);

}  // namespace ablate
