#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <set>

#include "runs/file_descriptor.h"

namespace ablate {

/// Waits for changes in folders (inotify). Of folders on other hosts' disks nothing is told, so whoever waits looks by
/// itself now and then. One thread.
class FolderWatch {
 public:
  FolderWatch();
  /// Tells of files that are renamed into `folder`, made or removed in it, and with `writes` of each write, too. Where
  /// the system refuses (limits), nothing is told.
  void add(const std::filesystem::path& folder, bool writes = false);
  void remove(const std::filesystem::path& folder);
  /// Blocks until something changed, a signal came, or so long. The folders that something changed in; those that are
  /// gone are watched no more.
  std::set<std::filesystem::path> wait(std::chrono::milliseconds most);

 private:
  FileDescriptor inotify_;
  std::map<int, std::filesystem::path> folders_;
};

}  // namespace ablate
