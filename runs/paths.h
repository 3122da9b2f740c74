#pragma once

#include <filesystem>

namespace ablate {

/// Absolute, without ".", ".." and a slash at its end: "photos/" is photos.
std::filesystem::path plain_path(const std::filesystem::path& path);

}  // namespace ablate
