#include <algorithm>
#include <cmath>

#include "runs/run_writer.h"

namespace ablate {

Histogram histogram_of(std::span<const float> values, int bins) {
  Histogram histogram;
  float low = INFINITY, high = -INFINITY;
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
    histogram.count += 1;
    histogram.sum += value;
    histogram.sum_squares += static_cast<double>(value) * value;
  }
  if (histogram.count == 0) {
    histogram.bucket_limits = {0};
    histogram.bucket_counts = {0};
    return histogram;
  }
  histogram.min = low;
  histogram.max = high;
  // All values equal: one bucket, or else its edges would coincide.
  const int buckets = low == high ? 1 : std::max(bins, 1);
  const double width = (histogram.max - histogram.min) / buckets;
  for (int i = 1; i < buckets; ++i) histogram.bucket_limits.push_back(histogram.min + i * width);
  histogram.bucket_limits.push_back(histogram.max);
  histogram.bucket_counts.assign(static_cast<std::size_t>(buckets), 0);
  const double per_unit = width > 0 ? 1 / width : 0;
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    const auto bucket = static_cast<int>((value - histogram.min) * per_unit);
    ++histogram.bucket_counts[static_cast<std::size_t>(std::clamp(bucket, 0, buckets - 1))];
  }
  return histogram;
}

}  // namespace ablate
