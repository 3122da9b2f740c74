#include "experiments/training/worker/memory.h"

#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>

namespace ablate {
namespace {

/// Bytes, from a file of /proc with lines "NAME: 1234 kB".
std::optional<double> bytes_of(const char* file, std::string_view name) {
  std::ifstream stream(file);
  for (std::string word; stream >> word;)
    if (double kilobytes = 0; word == name && stream >> kilobytes) return kilobytes * 1024;
  return std::nullopt;
}

}  // namespace

std::optional<double> free_memory() { return bytes_of("/proc/meminfo", "MemAvailable:"); }

void ask_only_for_memory_there_is() {
  const std::optional<double> held = bytes_of("/proc/self/status", "VmData:"), free = free_memory();
  rlimit limit{};
  if (!held || !free || getrlimit(RLIMIT_DATA, &limit) != 0) return;
  limit.rlim_cur = std::min(limit.rlim_cur, static_cast<rlim_t>(*held + 0.95 * *free));
  setrlimit(RLIMIT_DATA, &limit);
}

}  // namespace ablate
