#include "sweeps/folder_watch.h"

#include <poll.h>
#include <sys/inotify.h>

#include <thread>

namespace ablate {

FolderWatch::FolderWatch() : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {}

void FolderWatch::add(const std::filesystem::path& folder, bool writes) {
  const std::uint32_t mask = IN_MOVED_TO | IN_CREATE | IN_DELETE | (writes ? IN_MODIFY : 0);
  if (const int watch = ::inotify_add_watch(inotify_.get(), folder.c_str(), mask); watch >= 0) folders_[watch] = folder;
}

void FolderWatch::remove(const std::filesystem::path& folder) {
  for (const auto& [watch, watched] : folders_)
    if (watched == folder) {
      ::inotify_rm_watch(inotify_.get(), watch);
      folders_.erase(watch);
      return;
    }
}

std::set<std::filesystem::path> FolderWatch::wait(std::chrono::milliseconds most) {
  if (!inotify_) {
    std::this_thread::sleep_for(most);
    return {};
  }
  struct pollfd ready {
    inotify_.get(), POLLIN, 0
  };
  std::set<std::filesystem::path> changed;
  if (::poll(&ready, 1, static_cast<int>(most.count())) <= 0) return changed;
  alignas(inotify_event) char events[16384];
  for (ssize_t length; (length = ::read(inotify_.get(), events, sizeof events)) > 0;)
    for (ssize_t at = 0; at < length;) {
      const auto* event = reinterpret_cast<const inotify_event*>(events + at);
      at += static_cast<ssize_t>(sizeof(inotify_event)) + event->len;
      if (const auto folder = folders_.find(event->wd); folder != folders_.end()) {
        changed.insert(folder->second);
        if (event->mask & IN_IGNORED) folders_.erase(folder);
      }
    }
  return changed;
}

}  // namespace ablate
