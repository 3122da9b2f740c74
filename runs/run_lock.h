#pragma once

#include <filesystem>
#include <optional>

#include "runs/file_descriptor.h"

namespace ablate {

/// Held by the one process that trains in a folder (lock on `<folder>/.lock`, released by the system at its death).
/// The lock belongs to this object, not to the process: a second one in the same process doesn't get it either.
class RunLock {
 public:
  /// nullopt when another process holds it. Throws Error when the folder can't be written to.
  static std::optional<RunLock> try_acquire(const std::filesystem::path& folder);
  /// Whether a process of this host holds it. Doesn't disturb the holder: it only asks.
  static bool held(const std::filesystem::path& folder);

 private:
  explicit RunLock(FileDescriptor descriptor);
  FileDescriptor descriptor_;
};

/// Waits for the lock on `file` (made when it isn't there) and holds it until it goes away: for a short
/// read-change-write among programs. Throws Error when the file can't be opened.
class FileLock {
 public:
  explicit FileLock(const std::filesystem::path& file);

 private:
  FileDescriptor descriptor_;
};

}  // namespace ablate
