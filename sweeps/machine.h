#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ablate {

struct Gpu {
  std::string id;  ///< as CUDA_VISIBLE_DEVICES takes it: "GPU-1b2c…"
  std::uint64_t total_bytes = 0, free_bytes = 0;
};

/// What the queue's keeper has to know of the machine it runs on, as it is now. One thread.
class Machine {
 public:
  virtual ~Machine() = default;
  /// Those that workers may use, always in the same order.
  virtual std::vector<Gpu> gpus() = 0;
  /// What a person may still write beside `file`.
  virtual std::uint64_t free_disk_bytes(const std::filesystem::path& file) = 0;
};

/// The real one. GPUs are NVIDIA's, by their own library (NVML) where its driver has brought it; of them those that
/// this process's CUDA_VISIBLE_DEVICES names, by number or id, where it is set.
std::unique_ptr<Machine> this_machine();

/// Where a run trains.
struct Place {
  std::string gpu;  ///< empty: on the processor
  int threads = 1;
};

/// The places of a machine's runs: `slots` on each device (0: as default_slots where there is no GPU, else 1). Without
/// GPUs the processor is the only device. With some, a run goes to the one with the fewest of the queue's workers,
/// then with the most free memory, among those that have a slot free and, beside other programs, at least half of a
/// slot's share of their memory; only what trains on the processor (train.device) goes there. Threads are the cores
/// shared out among all slots. `taken`: how many of the queue's workers are at each place by Place::gpu. nullopt where
/// no place is free now.
std::optional<Place> free_place(const std::vector<Gpu>& gpus, const std::map<std::string, int>& taken, int slots,
                                bool on_processor);

}  // namespace ablate
