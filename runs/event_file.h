#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "runs/file_descriptor.h"

namespace ablate {

/// A new event file in a folder, written record by record. Its name sorts behind every event file there, because
/// readers take the files in the order of their names. Not thread-safe.
class EventFile {
 public:
  /// Makes `<folder>/events.out.tfevents.<seconds>.<host>.<pid>.<n>`. Throws Error when it can't.
  explicit EventFile(const std::filesystem::path& folder);

  const std::filesystem::path& path() const { return path_; }

  /// Appends whole frames. On failure the file is cut back to its last whole frame, and Error says what to do.
  void append(std::string_view frames);
  void sync();

 private:
  [[noreturn]] void fail(int error_number) const;

  std::filesystem::path path_;
  FileDescriptor descriptor_;
  std::uint64_t size_ = 0;
};

}  // namespace ablate
