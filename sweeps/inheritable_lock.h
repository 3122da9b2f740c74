#pragma once

#include <filesystem>
#include <optional>

#include "runs/file_descriptor.h"

namespace ablate {

/// An exclusive lock on a file that a child process can inherit: whoever has a copy of the descriptor holds it, and the
/// system releases it when the last of them is gone, however it died.
class InheritableLock {
 public:
  /// nullopt while somebody else holds it. The file is made where it is missing. Throws Error where it can't be opened.
  static std::optional<InheritableLock> try_acquire(const std::filesystem::path& file);
  /// Whether somebody holds it. Makes no file, disturbs nobody.
  static bool held(const std::filesystem::path& file);

  /// Closed on exec unless a child is told otherwise.
  int descriptor() const { return descriptor_.get(); }

 private:
  explicit InheritableLock(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {}
  FileDescriptor descriptor_;
};

}  // namespace ablate
