#include "experiments/metrics/matting.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "experiments/metrics/components.h"
#include "runs/error.h"

namespace ablate {
namespace {

constexpr double kGradSigma = 1.4, kGradEpsilon = 1e-2;
constexpr int kConnSteps = 10;
constexpr double kConnTolerance = .15;

struct ErrorSum {
  double sum = 0;
  double pixels = 0;
  double mean() const { return pixels == 0 ? sum : sum / pixels; }
};

/// Σ error_at(index of a pixel); NaN where one of the planes has one.
template <typename ErrorAt>
ErrorSum sum_errors(PlaneView prediction, PlaneView target, const BitPlane* only, const ErrorAt& error_at) {
  if (has_nan(prediction) || has_nan(target)) return {std::numeric_limits<double>::quiet_NaN(), 0};
  ErrorSum result;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (only && !only->values[i]) continue;
    result.sum += error_at(i);
    ++result.pixels;
  }
  return result;
}

ErrorSum sum_differences(PlaneView prediction, PlaneView target, const BitPlane* only, int power) {
  require_same_size(prediction, target, only);
  return sum_errors(prediction, target, only, [&](std::size_t i) {
    const double difference = double(prediction.values()[i]) - double(target.values()[i]);
    return power == 1 ? std::abs(difference) : difference * difference;
  });
}

/// Kernel samples at −half … half, their squares summing to 1.
using KernelRow = std::vector<double>;

KernelRow with_unit_length(KernelRow kernel) {
  double squares = 0;
  for (const double value : kernel) squares += value * value;
  for (double& value : kernel) value /= std::sqrt(squares);
  return kernel;
}

/// Correlates rows (or columns) of {height, width} values with the kernel; the outermost ones go on beyond the border.
std::vector<double> along(const std::vector<double>& values, int height, int width, const KernelRow& kernel,
                          bool columns) {
  const int half = static_cast<int>(kernel.size() / 2);
  std::vector<double> result(values.size());
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      double sum = 0;
      for (int k = -half; k <= half; ++k) {
        const int row = columns ? std::clamp(y + k, 0, height - 1) : y;
        const int column = columns ? x : std::clamp(x + k, 0, width - 1);
        sum += kernel[static_cast<std::size_t>(k + half)] *
               values[static_cast<std::size_t>(row) * static_cast<std::size_t>(width) + column];
      }
      result[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + x] = sum;
    }
  return result;
}

std::vector<double> gradient_lengths(PlaneView plane) {
  const double pi = std::acos(-1.0);
  const int half =
      static_cast<int>(std::ceil(kGradSigma * std::sqrt(-2 * std::log(std::sqrt(2 * pi) * kGradSigma * kGradEpsilon))));
  KernelRow smooth, slope;
  for (int x = -half; x <= half; ++x) {
    smooth.push_back(std::exp(-x * x / (2 * kGradSigma * kGradSigma)));
    slope.push_back(-x * smooth.back());
  }
  // The product of two kernels of unit length has unit length.
  smooth = with_unit_length(smooth);
  slope = with_unit_length(slope);
  const int height = plane.height(), width = plane.width();
  const std::vector<double> values(plane.values().begin(), plane.values().end());
  std::vector<double> across = along(along(values, height, width, smooth, true), height, width, slope, false);
  const std::vector<double> down = along(along(values, height, width, smooth, false), height, width, slope, true);
  for (std::size_t i = 0; i < across.size(); ++i) across[i] = std::hypot(across[i], down[i]);
  return across;
}

/// l of conn_div1000.
std::vector<double> connected_levels(PlaneView prediction, PlaneView target) {
  std::vector<double> levels(target.size(), 1);
  BitPlane inside{target.height(), target.width(), std::vector<std::uint8_t>(target.size(), 1)};
  for (int step = 1; step <= kConnSteps; ++step) {
    const float threshold = static_cast<float>(step / double(kConnSteps));
    BitPlane common{target.height(), target.width(), std::vector<std::uint8_t>(target.size())};
    for (std::size_t i = 0; i < target.size(); ++i)
      common.values[i] = prediction.values()[i] >= threshold && target.values()[i] >= threshold;
    const Components components = components_of(common);
    const auto largest = std::ranges::max_element(components.sizes);  // The first of equal ones.
    const int omega = largest == components.sizes.end() ? -1 : 1 + static_cast<int>(largest - components.sizes.begin());
    for (std::size_t i = 0; i < target.size(); ++i) {
      if (!inside.values[i] || components.labels[i] == omega) continue;
      inside.values[i] = 0;
      levels[i] = (step - 1) / double(kConnSteps);
    }
  }
  return levels;
}

double cut_off(double alpha, double level) {
  const double distance = alpha - level;
  return 1 - (distance >= kConnTolerance ? distance : 0);
}

/// What is left of `kept` when everything within `radius` of a pixel outside it is taken away.
BitPlane eroded(const BitPlane& kept, int radius) {
  const int height = kept.height, width = kept.width;
  const auto index = [width](int y, int x) {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + x;
  };
  // To the next pixel outside in the same row.
  const int far = std::numeric_limits<int>::max() / 2;
  std::vector<int> distance(kept.values.size());
  for (int y = 0; y < height; ++y) {
    for (int x = 0, last = far; x < width; ++x)
      distance[index(y, x)] = last = kept.values[index(y, x)] ? std::min(last + 1, far) : 0;
    for (int x = width - 1, last = far; x >= 0; --x)
      distance[index(y, x)] = last = std::min(distance[index(y, x)], std::min(last + 1, far));
  }
  BitPlane result = kept;
  for (int dy = -std::min(radius, height); dy <= std::min(radius, height); ++dy) {
    const double square = double(radius) * radius - double(dy) * dy;
    const int half_chord = static_cast<int>(std::sqrt(square));  // Exact enough: squares of integers have exact roots.
    for (int y = std::max(0, -dy); y < std::min(height, height - dy); ++y)
      for (int x = 0; x < width; ++x)
        if (distance[index(y + dy, x)] <= half_chord) result.values[index(y, x)] = 0;
  }
  return result;
}

}  // namespace

double sad_div1000(PlaneView prediction, PlaneView target, const BitPlane* only) {
  return sum_differences(prediction, target, only, 1).sum / 1000;
}

double mse_x1000(PlaneView prediction, PlaneView target, const BitPlane* only) {
  return sum_differences(prediction, target, only, 2).mean() * 1000;
}

double mad_x1000(PlaneView prediction, PlaneView target, const BitPlane* only) {
  return sum_differences(prediction, target, only, 1).mean() * 1000;
}

double grad_div1000(PlaneView prediction, PlaneView target, const BitPlane* only) {
  require_same_size(prediction, target, only);
  const std::vector<double> ours = gradient_lengths(prediction), wanted = gradient_lengths(target);
  const auto error = [&](std::size_t i) { return (ours[i] - wanted[i]) * (ours[i] - wanted[i]); };
  return sum_errors(prediction, target, only, error).sum / 1000;
}

double conn_div1000(PlaneView prediction, PlaneView target, const BitPlane* only) {
  require_same_size(prediction, target, only);
  const std::vector<double> levels = connected_levels(prediction, target);
  const auto error = [&](std::size_t i) {
    return std::abs(cut_off(prediction.values()[i], levels[i]) - cut_off(target.values()[i], levels[i]));
  };
  return sum_errors(prediction, target, only, error).sum / 1000;
}

Trimap trimap_of(PlaneView alpha, int width) {
  if (width < 0) throw Error(fmt::format("a trimap's width of {} pixels: give 0 or more", width));
  BitPlane foreground = above(alpha, 254.5F / 255), background = foreground;
  std::ranges::transform(alpha.values(), background.values.begin(), [](float value) { return value < .5F / 255; });
  foreground = eroded(foreground, width);
  background = eroded(background, width);
  BitPlane unknown = foreground;
  for (std::size_t i = 0; i < unknown.values.size(); ++i)
    unknown.values[i] = !foreground.values[i] && !background.values[i];
  return {std::move(foreground), std::move(unknown)};
}

}  // namespace ablate
