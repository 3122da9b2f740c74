#include "sweeps/wakeups.h"

#include <poll.h>
#include <sys/inotify.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace ablate {
namespace {

std::uint32_t mask_of(unsigned changes) {
  return (changes & Wakeups::arrival ? IN_MOVED_TO : 0) | (changes & Wakeups::closing ? IN_CLOSE_WRITE : 0) |
         (changes & Wakeups::removal ? IN_DELETE : 0) | (changes & Wakeups::growth ? IN_CREATE | IN_MODIFY : 0);
}

}  // namespace

void Wakeups::watch(const std::filesystem::path& folder, unsigned changes) {
  if (!notices_) notices_ = FileDescriptor(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (const int id = ::inotify_add_watch(notices_.get(), folder.c_str(), mask_of(changes)); id >= 0)
    folders_[id] = folder.string();
}

void Wakeups::unwatch(const std::filesystem::path& folder) {
  const auto found = std::ranges::find(folders_, folder.native(), [](const auto& each) { return each.second; });
  if (found == folders_.end()) return;
  ::inotify_rm_watch(notices_.get(), found->first);
  folders_.erase(found);
}

std::set<std::string> Wakeups::wait(std::chrono::milliseconds at_most, std::span<const int> descriptors) {
  std::vector<pollfd> waited{{notices_.get(), POLLIN, 0}};
  for (const int descriptor : descriptors) waited.push_back({descriptor, POLLIN, 0});
  std::set<std::string> changed;
  if (::poll(waited.data(), waited.size(), static_cast<int>(at_most.count())) <= 0) return changed;
  alignas(inotify_event) char events[16384];
  for (ssize_t length; (length = ::read(notices_.get(), events, sizeof events)) > 0;)
    for (ssize_t at = 0; at < length;) {
      const auto* event = reinterpret_cast<const inotify_event*>(events + at);
      at += static_cast<ssize_t>(sizeof(inotify_event)) + event->len;
      const auto folder = folders_.find(event->wd);
      if (folder == folders_.end()) continue;
      changed.insert(folder->second);
      if (event->mask & IN_IGNORED) folders_.erase(folder);
    }
  return changed;
}

}  // namespace ablate
