#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace ablate {

/// A whole file as it lies on disk, read where it is looked at. What is shared keeps it mapped. A file that is cut
/// meanwhile ends the program where what is gone is looked at; one that is replaced or removed stays.
struct MappedFile {
  std::shared_ptr<const std::byte> bytes;  ///< begins where a page does
  std::size_t size = 0;                    ///< at least 1

  std::span<const std::byte> span() const { return {bytes.get(), size}; }
};

/// Throws Error that names the file where it can't be read, is none, or is empty.
MappedFile map_file(const std::filesystem::path& file);

}  // namespace ablate
