#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "runs/file_descriptor.h"

namespace ablate {

/// Ends the program where a fuzzer sees it.
inline void require(bool holds) {
  if (!holds) std::abort();
}

/// A file in memory with the fuzzer's bytes.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content)
      : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)), size_(content.size()) {
    require(::write(descriptor_.get(), content.data(), content.size()) == static_cast<ssize_t>(content.size()));
  }
  int descriptor() const { return descriptor_.get(); }
  std::uint64_t size() const { return size_; }
  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_.get()); }

 private:
  FileDescriptor descriptor_;
  std::uint64_t size_;
};

}  // namespace ablate
