#include "experiments/metrics/image_quality.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "runs/error.h"

namespace ablate {
namespace {

constexpr double kSsimSigma = 1.5, kSsimK1 = .01, kSsimK2 = .03;

double mean_square(PlaneView prediction, PlaneView target) {
  require_same_size(prediction, target);
  double sum = 0;
  for (std::size_t i = 0; i < target.size(); ++i) {
    const double difference = double(prediction.values()[i]) - double(target.values()[i]);
    sum += difference * difference;
  }
  return sum / static_cast<double>(target.size());
}

std::array<double, kSsimWindow> window_weights() {
  std::array<double, kSsimWindow> weights{};
  double sum = 0;
  for (int k = 0; k < kSsimWindow; ++k) {
    const double x = k - kSsimWindow / 2;
    sum += weights[static_cast<std::size_t>(k)] = std::exp(-x * x / (2 * kSsimSigma * kSsimSigma));
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

/// Weighted means of {height, width} values over the windows that fit: {height − 10, width − 10}.
std::vector<double> window_means(const std::vector<double>& values, std::size_t height, std::size_t width) {
  const auto weights = window_weights();
  const std::size_t columns = width - kSsimWindow + 1, rows = height - kSsimWindow + 1;
  std::vector<double> across(height * columns, 0), means(rows * columns, 0);
  for (std::size_t y = 0; y < height; ++y)
    for (std::size_t k = 0; k < weights.size(); ++k)
      for (std::size_t x = 0; x < columns; ++x) across[y * columns + x] += weights[k] * values[y * width + x + k];
  for (std::size_t y = 0; y < rows; ++y)
    for (std::size_t k = 0; k < weights.size(); ++k)
      for (std::size_t x = 0; x < columns; ++x) means[y * columns + x] += weights[k] * across[(y + k) * columns + x];
  return means;
}

}  // namespace

double rmse(PlaneView prediction, PlaneView target) { return std::sqrt(mean_square(prediction, target)); }

double psnr(PlaneView prediction, PlaneView target, double max) {
  if (!(max > 0))
    throw Error(fmt::format("PSNR with a largest value of {}: give the range of the values, above 0", max));
  return 10 * std::log10(max * max / mean_square(prediction, target));
}

double ssim(PlaneView prediction, PlaneView target, double data_range) {
  require_same_size(prediction, target);
  if (!(data_range > 0)) throw Error(fmt::format("SSIM with a data range of {}: give one above 0", data_range));
  if (target.height() < kSsimWindow || target.width() < kSsimWindow)
    throw Error(fmt::format("SSIM needs planes of at least {0} × {0} pixels, its window; these have {1} × {2}",
                            kSsimWindow, target.height(), target.width()));
  if (has_nan(prediction) || has_nan(target)) return std::numeric_limits<double>::quiet_NaN();

  const std::vector<double> p(prediction.values().begin(), prediction.values().end());
  const std::vector<double> y(target.values().begin(), target.values().end());
  const auto means = [&](const auto& value_at) {
    std::vector<double> values(p.size());
    for (std::size_t i = 0; i < p.size(); ++i) values[i] = value_at(i);
    return window_means(values, static_cast<std::size_t>(target.height()), static_cast<std::size_t>(target.width()));
  };
  const auto mean_p = means([&](std::size_t i) { return p[i]; }), mean_y = means([&](std::size_t i) { return y[i]; });
  const auto mean_pp = means([&](std::size_t i) { return p[i] * p[i]; });
  const auto mean_yy = means([&](std::size_t i) { return y[i] * y[i]; });
  const auto mean_py = means([&](std::size_t i) { return p[i] * y[i]; });
  const double c1 = std::pow(kSsimK1 * data_range, 2), c2 = std::pow(kSsimK2 * data_range, 2);
  double sum = 0;
  for (std::size_t i = 0; i < mean_p.size(); ++i) {
    const double variance_p = mean_pp[i] - mean_p[i] * mean_p[i], variance_y = mean_yy[i] - mean_y[i] * mean_y[i];
    const double covariance = mean_py[i] - mean_p[i] * mean_y[i];
    sum += (2 * mean_p[i] * mean_y[i] + c1) * (2 * covariance + c2) /
           ((mean_p[i] * mean_p[i] + mean_y[i] * mean_y[i] + c1) * (variance_p + variance_y + c2));
  }
  return sum / static_cast<double>(mean_p.size());
}

}  // namespace ablate
