#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "experiments/range_test.h"

namespace ablate {

/// "valley", "steep", "minimum", "slide", "pytorch-lr-finder", "fall-1000".
const std::vector<std::string>& lr_rules();

/// What one rule reads from a range test.
struct LrSuggestion {
  std::string rule;          ///< one of lr_rules()
  std::optional<double> lr;  ///< nullopt: it can't tell
  std::string why;           ///< why not; empty where there is a learning rate
};

struct LrSuggestions {
  std::vector<LrSuggestion> rules;  ///< always all, in the order of lr_rules()
  std::vector<std::string> doubts;  ///< what a person should know of the curve before believing any of them
};

/// Points, before the first that is not finite, below which nothing is suggested.
inline constexpr std::size_t kLeastRangePoints = 20;

/// All rules on the points [steps/10, n − 5), cut at the first smoothed loss that is not finite; S the smoothed loss,
/// g = its central differences by index (one-sided at both ends):
/// - valley: within the longest strictly falling subsequence of S (of equally long ones the first to end), which is w
///   long and ends at e, the point e − w + ⌊w/3⌋ + ⌊w/6⌋, where there is one (fastai)
/// - steep: where ΔS/Δln lr is least, the left point (fastai)
/// - minimum: a tenth of the learning rate where S is least (fastai)
/// - slide: from r = −1, l = −16 both move left while |g_r − g_l| > .005; the last l (fastai)
/// - pytorch-lr-finder: where g is least, on the points [10, n − 5)
/// - fall-1000: where a test of 1,000 steps from 1e-7 to 10 (125 a decade) has made four fifths of its fall, whatever
///   this test has: until it diverges the loss depends on the sum of the learning rates so far (gradient flow), so with
///   d steps a decade it stands at lr where it would at lr · d/125. The first of all points, not smoothed, whose loss
///   is h − .8(h − least), h the median of the first tenth: a fall from a height that the loss was thrown to doesn't
///   count. About where steep is in a test of 1,000 steps (tests/bench/range_test.py)
/// Where a rule's premise does not hold (nothing falls), it says so instead of a number; one that falls everywhere has
/// one. `steps`: how long the test was meant to be; 0: as many as there are points.
/// Equal to what fastai 2.8.12 and torch-lr-finder 0.2.2 themselves say (tests/experiments/test_lr_suggestions.py),
/// but:
/// - they name some learning rate where nothing falls, and pytorch-lr-finder of 17 to 19 points
/// - pytorch-lr-finder does not cut: of a curve with a NaN it names the point before that
/// - fastai reckons in single precision: on a curve drawn without any noise, what falls by less than that is no valley
LrSuggestions suggest_lr(std::span<const RangePoint> points, Step steps = 0);

/// What suggest_lr says of that curve. The points that curve_of left out are a doubt.
LrSuggestions suggest_lr(const RecordedTest& recorded, const RangeCurve& curve, Step steps = 0);

/// No rule can tell.
LrSuggestions cannot_tell(const std::string& why);

/// {"suggestions": {rule: lr, null where it can't tell}, "why": {rule: why not}, "doubts": […]}.
nlohmann::json to_json(const LrSuggestions& suggestions);

}  // namespace ablate
