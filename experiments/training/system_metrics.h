#pragma once

#include <torch/torch.h>

#include <map>
#include <string>

namespace ablate {

/// What this process uses: "cpu_percent" (100 is one core, since the last call), "memory_mb" (resident), and on an
/// accelerator "device_memory_mb" and "device_memory_peak_mb" (tensors). Linux.
class SystemMetrics {
 public:
  explicit SystemMetrics(torch::Device device);
  std::map<std::string, double> sample();

 private:
  torch::Device device_;
  double wall_, cpu_;
};

}  // namespace ablate
