#include "experiments/training/system_metrics.h"

#include <c10/core/CachingDeviceAllocator.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

namespace ablate {
namespace {

constexpr double kMegabyte = 1 << 20;

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

SystemMetrics::SystemMetrics(torch::Device device) : device_(device), wall_(now_seconds()), cpu_(cpu_seconds()) {}

std::map<std::string, double> SystemMetrics::sample() {
  std::map<std::string, double> values;
  const double wall = now_seconds(), cpu = cpu_seconds();
  if (wall > wall_) values["cpu_percent"] = 100 * (cpu - cpu_) / (wall - wall_);
  wall_ = wall;
  cpu_ = cpu;

  std::int64_t pages = 0, resident = 0;
  if (std::ifstream("/proc/self/statm") >> pages >> resident) {
    values["memory_mb"] = static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / kMegabyte;
  }
  if (!device_.is_cpu()) {
    const auto index = device_.has_index() ? device_.index() : c10::DeviceIndex(0);
    const auto stats = at::getDeviceAllocator(device_.type())->getDeviceStats(index);
    values["device_memory_mb"] = static_cast<double>(stats.allocated_bytes[0].current) / kMegabyte;
    values["device_memory_peak_mb"] = static_cast<double>(stats.allocated_bytes[0].peak) / kMegabyte;
  }
  return values;
}

}  // namespace ablate
