#pragma once

#include <filesystem>
#include <string>

namespace ablate {

/// Absolute, without ".", ".." and a slash at its end: "photos/" is photos.
std::filesystem::path plain_path(const std::filesystem::path& path);

/// As a shell takes it as one word: in quotes where it needs them.
std::string shell_word(const std::string& text);

/// Whether there is such a file or folder. Throws Error where that can't be looked at.
bool is_there(const std::filesystem::path& path);

/// The name of the user whose it is; empty where it is the caller's own, or can't be told.
std::string other_owner(const std::filesystem::path& path);

}  // namespace ablate
