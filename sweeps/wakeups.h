#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <span>

#include "runs/file_descriptor.h"

namespace ablate {

/// Waits for what may happen in folders and to processes, whichever comes first. Where a folder's changes can't be
/// seen (made by another host on NFS) or the system has no such notices left, only the time-out is. One thread.
class Wakeups {
 public:
  enum class Change {
    arrival,  ///< a file is renamed into the folder
    closing   ///< the last writer of a file in it closes it, or dies
  };
  void watch(const std::filesystem::path& folder, Change change);

  /// Until something happens, a descriptor can be read (a pidfd: its process has ended), or the time is up, by a clock
  /// that nobody sets. A negative descriptor is none.
  void wait(std::span<const int> descriptors, std::chrono::milliseconds at_most);

 private:
  FileDescriptor notices_;
  bool happened_ = false;
};

}  // namespace ablate
