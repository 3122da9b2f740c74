#pragma once

#include <filesystem>

namespace ablate {

/// Absolute, without ".", ".." and a slash at its end: "photos/" is photos.
inline std::filesystem::path plain_path(const std::filesystem::path& path) {
  return (std::filesystem::absolute(path) / "").lexically_normal().parent_path();
}

}  // namespace ablate
