#include "sweeps/wakeups.h"

#include <poll.h>
#include <sys/inotify.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace ablate {
namespace {

/// The notice of a file that is closed comes a moment before a lock on it is free.
constexpr std::chrono::milliseconds kSecondLook{10};

}  // namespace

void Wakeups::watch(const std::filesystem::path& folder, Change change) {
  if (!notices_) notices_ = FileDescriptor(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (notices_)
    ::inotify_add_watch(notices_.get(), folder.c_str(), change == Change::arrival ? IN_MOVED_TO : IN_CLOSE_WRITE);
}

void Wakeups::wait(std::span<const int> descriptors, std::chrono::milliseconds at_most) {
  std::vector<pollfd> waited{{notices_.get(), POLLIN, 0}};
  for (const int descriptor : descriptors) waited.push_back({descriptor, POLLIN, 0});
  if (std::exchange(happened_, false)) at_most = std::min(at_most, kSecondLook);
  if (::poll(waited.data(), waited.size(), static_cast<int>(at_most.count())) <= 0) return;
  std::array<char, 4096> ignored;
  while (::read(notices_.get(), ignored.data(), ignored.size()) > 0) happened_ = true;
}

}  // namespace ablate
