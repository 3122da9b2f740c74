#include "experiments/training/metrics/plane_metrics.h"

#include <algorithm>
#include <limits>

namespace ablate {

Plane plane_of(const torch::Tensor& image) {
  const torch::Tensor rows = image.detach().to(torch::kCPU, torch::kFloat).contiguous();
  const float* const values = rows.const_data_ptr<float>();
  return {static_cast<int>(rows.size(-2)), static_cast<int>(rows.size(-1)), {values, values + rows.numel()}};
}

SampleMetrics plane_metrics(const std::vector<const Metric*>& metrics, const torch::Tensor& prediction,
                            const torch::Tensor& target) {
  SampleMetrics values;
  for (const Metric* metric : metrics)
    values[std::string(metric->name)] = torch::full({prediction.size(0)}, std::numeric_limits<float>::quiet_NaN());
  if (metrics.empty()) return values;
  for (std::int64_t b = 0; b < prediction.size(0); ++b) {
    const Plane p = plane_of(prediction[b]), y = plane_of(target[b]);
    const Trimap trimap = metric_trimap(y);
    for (const Metric* metric : metrics)
      if (std::min(y.height, y.width) >= metric->smallest_side)
        values[std::string(metric->name)][b] = metric->value(p, y, trimap);
  }
  return values;
}

}  // namespace ablate
