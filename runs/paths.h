#pragma once

#include <filesystem>

namespace ablate {

/// Absolute, without ".", ".." and a slash at its end: "photos/" is photos.
std::filesystem::path plain_path(const std::filesystem::path& path);

/// The name of the user whose it is; empty where it is the caller's own, or can't be told.
std::string other_owner(const std::filesystem::path& path);

}  // namespace ablate
