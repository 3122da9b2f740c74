#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <string>

#include "runs/file_descriptor.h"

namespace ablate {

/// Waits for what may happen in folders and to processes, whichever comes first. Where a folder's changes can't be
/// seen (made by another host on NFS) or the system has no such notices left, only the time-out is. One thread.
class Wakeups {
 public:
  enum Change : unsigned {
    arrival = 1,  ///< a file is renamed into the folder
    closing = 2,  ///< the last writer of a file in it closes it, or dies
    removal = 4,  ///< a file in it is removed
    growth = 8    ///< a file in it is made, or written to
  };
  /// `changes`: one or several.
  void watch(const std::filesystem::path& folder, unsigned changes);
  void unwatch(const std::filesystem::path& folder);

  /// Until something happens, a descriptor can be read (a pidfd: its process has ended), a signal comes, or the time is
  /// up, by a clock that nobody sets. A negative descriptor is none. The folders that something happened in, as they
  /// were given (a path takes long to compare); those that are gone are watched no more.
  std::set<std::string> wait(std::chrono::milliseconds at_most, std::span<const int> descriptors = {});

 private:
  FileDescriptor notices_;
  std::map<int, std::string> folders_;
};

}  // namespace ablate
