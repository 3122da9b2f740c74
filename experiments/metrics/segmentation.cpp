#include "experiments/metrics/segmentation.h"

#include <limits>
#include <optional>

#include "experiments/metrics/components.h"

namespace ablate {
namespace {

constexpr double kPoisoned = std::numeric_limits<double>::quiet_NaN();

/// Pixels that are foreground in the prediction and in the target, in one alone, and in neither.
struct PixelCounts {
  double both = 0, prediction_only = 0, target_only = 0, neither = 0;
};

/// Nothing where there is a NaN.
std::optional<PixelCounts> pixel_counts(PlaneView prediction, PlaneView target, const BitPlane* only) {
  require_same_size(prediction, target, only);
  if (has_nan(prediction) || has_nan(target)) return {};
  PixelCounts counts;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (only && !only->values[i]) continue;
    const bool p = prediction.values()[i] > .5F, y = target.values()[i] > .5F;
    ++(p ? (y ? counts.both : counts.prediction_only) : (y ? counts.target_only : counts.neither));
  }
  return counts;
}

double share_or(double part, double whole, double if_there_is_no_whole) {
  return whole == 0 ? if_there_is_no_whole : part / whole;
}

}  // namespace

double iou(PlaneView prediction, PlaneView target, const BitPlane* only) {
  const auto n = pixel_counts(prediction, target, only);
  return n ? share_or(n->both, n->both + n->prediction_only + n->target_only, 1) : kPoisoned;
}

double soft_iou(PlaneView prediction, PlaneView target, const BitPlane* only) {
  require_same_size(prediction, target, only);
  if (has_nan(prediction) || has_nan(target)) return kPoisoned;
  double shared = 0, either = 0;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (only && !only->values[i]) continue;
    const double p = prediction.values()[i], y = target.values()[i];
    shared += p * y;
    either += p + y - p * y;
  }
  return share_or(shared, either, 1);
}

double dice(PlaneView prediction, PlaneView target, const BitPlane* only) {
  const auto n = pixel_counts(prediction, target, only);
  return n ? share_or(2 * n->both, 2 * n->both + n->prediction_only + n->target_only, 1) : kPoisoned;
}

double pixel_accuracy(PlaneView prediction, PlaneView target, const BitPlane* only) {
  const auto n = pixel_counts(prediction, target, only);
  if (!n) return kPoisoned;
  return share_or(n->both + n->neither, n->both + n->neither + n->prediction_only + n->target_only, 1);
}

double precision(PlaneView prediction, PlaneView target, const BitPlane* only) {
  const auto n = pixel_counts(prediction, target, only);
  return n ? share_or(n->both, n->both + n->prediction_only, n->target_only == 0 ? 1 : 0) : kPoisoned;
}

double recall(PlaneView prediction, PlaneView target, const BitPlane* only) {
  const auto n = pixel_counts(prediction, target, only);
  return n ? share_or(n->both, n->both + n->target_only, n->prediction_only == 0 ? 1 : 0) : kPoisoned;
}

Holes holes(PlaneView prediction, PlaneView target) {
  require_same_size(prediction, target);
  if (has_nan(prediction) || has_nan(target)) return {kPoisoned, kPoisoned};
  BitPlane background = above(prediction, .5F);
  for (auto& value : background.values) value = !value;
  const Components components = components_of(background);

  struct Component {
    bool at_border = false;
    std::size_t foreground_in_target = 0;
  };
  std::vector<Component> found(components.sizes.size());
  std::size_t pixel = 0;
  for (int y = 0; y < target.height(); ++y)
    for (int x = 0; x < target.width(); ++x, ++pixel) {
      const int label = components.labels[pixel];
      if (!label) continue;
      Component& component = found[static_cast<std::size_t>(label - 1)];
      component.at_border |= y == 0 || x == 0 || y == target.height() - 1 || x == target.width() - 1;
      component.foreground_in_target += target.values()[pixel] > .5F;
    }

  Holes result;
  for (std::size_t k = 0; k < found.size(); ++k) {
    if (found[k].at_border || 2 * found[k].foreground_in_target <= components.sizes[k]) continue;
    ++result.number;
    result.area_share += static_cast<double>(components.sizes[k]);
  }
  result.area_share /= static_cast<double>(target.size());
  return result;
}

}  // namespace ablate
