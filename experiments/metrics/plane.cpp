#include "experiments/metrics/plane.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runs/error.h"

namespace ablate {

PlaneView::PlaneView(std::span<const float> values, int height, int width)
    : values_(values), height_(height), width_(width) {
  if (height < 1 || width < 1 || values.size() != static_cast<std::size_t>(height) * static_cast<std::size_t>(width))
    throw Error(fmt::format("a plane of {} × {} pixels cannot have {} values: give height · width of them, at least 1",
                            height, width, values.size()));
}

std::size_t BitPlane::count() const {
  return values.size() - static_cast<std::size_t>(std::ranges::count(values, std::uint8_t{0}));
}

BitPlane above(PlaneView plane, float threshold) {
  BitPlane result{plane.height(), plane.width(), std::vector<std::uint8_t>(plane.size())};
  std::ranges::transform(plane.values(), result.values.begin(),
                         [threshold](float value) { return static_cast<std::uint8_t>(value > threshold); });
  return result;
}

bool has_nan(PlaneView plane) {
  return std::ranges::any_of(plane.values(), [](float value) { return std::isnan(value); });
}

void require_same_size(PlaneView prediction, PlaneView target, const BitPlane* only) {
  if (prediction.height() != target.height() || prediction.width() != target.width())
    throw Error(fmt::format("a prediction of {} × {} pixels cannot be measured against a target of {} × {}: resize one",
                            prediction.height(), prediction.width(), target.height(), target.width()));
  if (only &&
      (only->height != target.height() || only->width != target.width() || only->values.size() != target.size()))
    throw Error(fmt::format("a region of {} × {} pixels does not fit a target of {} × {}", only->height, only->width,
                            target.height(), target.width()));
}

}  // namespace ablate
