#include "viewers/smoothing.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ablate {
namespace {

/// From here on running means.
constexpr double kWide = 8;

/// Sums over `half` neighbours on either side; beyond the ends there is nothing.
std::vector<double> running_sums(const std::vector<double>& values, std::size_t half) {
  std::vector<double> until(values.size() + 1, 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) until[i + 1] = until[i] + values[i];
  std::vector<double> sums(values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    sums[i] = until[std::min(i + half + 1, values.size())] - until[i - std::min(i, half)];
  return sums;
}

/// Three running sums, whose widths make up for σ².
std::vector<double> thrice_summed(std::vector<double> values, double sigma) {
  constexpr int kTimes = 3;
  const double ideal = std::sqrt(12 * sigma * sigma / kTimes + 1);
  const auto narrow = static_cast<std::size_t>((ideal - 1) / 2);  // Half the width.
  const double width = 2 * static_cast<double>(narrow) + 1;
  const double wide =
      (12 * sigma * sigma - kTimes * width * width - 4 * kTimes * width - 3 * kTimes) / (-4 * width - 4);
  const auto narrow_ones = static_cast<int>(std::lround(wide));
  for (int i = 0; i < kTimes; ++i) values = running_sums(values, narrow + (i < narrow_ones ? 0 : 1));
  return values;
}

std::vector<double> weighted_sums(const std::vector<double>& values, double sigma) {
  if (sigma >= kWide) return thrice_summed(values, sigma);
  const auto reach = static_cast<std::ptrdiff_t>(std::ceil(3 * sigma));
  std::vector<double> weights;
  for (std::ptrdiff_t far = 0; far <= reach; ++far)
    weights.push_back(std::exp(-0.5 * static_cast<double>(far * far) / (sigma * sigma)));
  std::vector<double> sums(values.size());
  for (std::ptrdiff_t i = 0; i < std::ssize(values); ++i)
    for (std::ptrdiff_t j = std::max<std::ptrdiff_t>(0, i - reach); j <= std::min(i + reach, std::ssize(values) - 1);
         ++j)
      sums[static_cast<std::size_t>(i)] +=
          weights[static_cast<std::size_t>(std::abs(i - j))] * values[static_cast<std::size_t>(j)];
  return sums;
}

}  // namespace

double Smoother::next(double value) {
  if (!std::isfinite(value)) return value;
  mean_ = weight_ * mean_ + (1 - weight_) * value;
  forgotten_ *= weight_;
  return mean_ / (1 - forgotten_);
}

std::vector<double> gaussian_smoothed(const std::vector<double>& values, double sigma) {
  std::vector<double> finite(values.size()), counted(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    counted[i] = std::isfinite(values[i]);
    finite[i] = std::isfinite(values[i]) ? values[i] : 0;
  }
  const std::vector<double> total = weighted_sums(finite, sigma), weight = weighted_sums(counted, sigma);
  std::vector<double> smoothed(values);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (std::isfinite(values[i])) smoothed[i] = total[i] / weight[i];
  return smoothed;
}

RunningMedian running_median(const std::vector<double>& values, std::size_t half) {
  RunningMedian result;
  std::vector<double> window;  // The finite ones, in order.
  for (std::size_t i = 0; i < std::min(half, values.size()); ++i)
    if (std::isfinite(values[i])) window.insert(std::ranges::upper_bound(window, values[i]), values[i]);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (const std::size_t comes = i + half; comes < values.size() && std::isfinite(values[comes]))
      window.insert(std::ranges::upper_bound(window, values[comes]), values[comes]);
    if (i > half && std::isfinite(values[i - half - 1]))
      window.erase(std::ranges::lower_bound(window, values[i - half - 1]));
    const std::size_t n = window.size();
    const double none = std::numeric_limits<double>::quiet_NaN();
    result.median.push_back(!std::isfinite(values[i]) ? values[i] : (window[(n - 1) / 2] + window[n / 2]) / 2);
    result.low.push_back(n ? window.front() : none);
    result.high.push_back(n ? window.back() : none);
  }
  return result;
}

}  // namespace ablate
