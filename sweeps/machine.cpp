#include "sweeps/machine.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>
#include <sstream>

#include "sweeps/launcher.h"

namespace ablate {
namespace {

/// The five functions of NVML that are needed, declared as its manual has them (NVML API reference, Device Queries).
class Nvml {
 public:
  Nvml() : library_(::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL)) {
    int (*initialise)() = nullptr;
    usable_ = library_ && find("nvmlInit_v2", initialise) && find("nvmlDeviceGetCount_v2", count_) &&
              find("nvmlDeviceGetHandleByIndex_v2", handle_) && find("nvmlDeviceGetUUID", id_) &&
              find("nvmlDeviceGetMemoryInfo", memory_) && initialise() == 0;
  }
  ~Nvml() {
    int (*shut_down)() = nullptr;
    if (usable_ && find("nvmlShutdown", shut_down)) shut_down();
    if (library_) ::dlclose(library_);
  }
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  std::vector<Gpu> gpus() const {
    std::vector<Gpu> found;
    unsigned count = 0;
    if (!usable_ || count_(&count) != 0) return found;
    for (unsigned i = 0; i < count; ++i) {
      Device device = nullptr;
      Memory memory{};
      std::array<char, 96> id{};
      if (handle_(i, &device) == 0 && id_(device, id.data(), id.size()) == 0 && memory_(device, &memory) == 0)
        found.push_back({id.data(), memory.total, memory.free});
    }
    return found;
  }

 private:
  using Device = void*;
  struct Memory {
    unsigned long long total, free, used;
  };

  template <class Function>
  bool find(const char* name, Function& function) const {
    function = reinterpret_cast<Function>(::dlsym(library_, name));
    return function != nullptr;
  }

  void* library_;
  bool usable_ = false;
  int (*count_)(unsigned*) = nullptr;
  int (*handle_)(unsigned, Device*) = nullptr;
  int (*id_)(Device, char*, unsigned) = nullptr;
  int (*memory_)(Device, Memory*) = nullptr;
};

class ThisMachine final : public Machine {
 public:
  std::vector<Gpu> gpus() override {
    const std::vector<Gpu> all = nvml_.gpus();
    const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
    if (!visible) return all;
    std::vector<Gpu> named;
    std::istringstream words(visible);
    // As CUDA does: up to the first that names none.
    for (std::string word; std::getline(words, word, ',');) {
      const auto found = std::ranges::find_if(all, [&](const Gpu& gpu) {
        return word == std::to_string(&gpu - all.data()) || (word.starts_with("GPU-") && gpu.id.starts_with(word));
      });
      if (found == all.end()) break;
      named.push_back(*found);
    }
    return named;
  }

  std::uint64_t free_disk_bytes(const std::filesystem::path& file) override {
    struct statvfs disk {};
    if (::statvfs(file.c_str(), &disk) != 0) return UINT64_MAX;
    return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  }

 private:
  Nvml nvml_;
};

int taken_at(const std::map<std::string, int>& taken, const std::string& gpu) {
  const auto found = taken.find(gpu);
  return found == taken.end() ? 0 : found->second;
}

}  // namespace

std::unique_ptr<Machine> this_machine() { return std::make_unique<ThisMachine>(); }

std::optional<Place> free_place(const std::vector<Gpu>& gpus, const std::map<std::string, int>& taken, int slots,
                                bool on_processor) {
  if (gpus.empty()) {
    const Slots all = slots > 0 ? slots_for(slots) : default_slots();
    const int at_work =
        std::accumulate(taken.begin(), taken.end(), 0, [](int sum, const auto& each) { return sum + each.second; });
    return at_work < all.workers ? std::optional(Place{"", all.threads_each}) : std::nullopt;
  }
  const int each = std::max(1, slots);
  const int threads = slots_for(each * (static_cast<int>(gpus.size()) + 1)).threads_each;
  if (on_processor) return taken_at(taken, "") < each ? std::optional(Place{"", threads}) : std::nullopt;
  // A worker that has just started has taken no memory yet: so the number of them counts first.
  const auto rank = [&](const Gpu& gpu) { return std::pair(-taken_at(taken, gpu.id), gpu.free_bytes); };
  const Gpu* best = nullptr;
  for (const Gpu& gpu : gpus) {
    const bool free =
        taken_at(taken, gpu.id) < each && gpu.free_bytes >= gpu.total_bytes / (2 * static_cast<std::uint64_t>(each));
    if (free && (!best || rank(gpu) > rank(*best))) best = &gpu;
  }
  return best ? std::optional(Place{best->id, threads}) : std::nullopt;
}

}  // namespace ablate
