#pragma once

#include <filesystem>
#include <string>

namespace ablate {

/// Absolute, without ".", ".." and a slash at its end: "photos/" is photos.
std::filesystem::path plain_path(const std::filesystem::path& path);

/// Ablate's folder in the one that an environment variable names (XDG_CACHE_HOME), or in `below_home` (.cache) of the
/// home folder; empty where there is neither.
std::filesystem::path folder_of_user(const char* variable, const char* below_home);

/// A file's name for what is kept of a folder elsewhere: by its whole path.
std::string path_key(const std::filesystem::path& folder);

/// As a shell takes it as one word: in quotes where it needs them.
std::string shell_word(const std::string& text);

/// Whether there is such a file or folder. Throws Error where that can't be looked at.
bool is_there(const std::filesystem::path& path);

/// The name of the user whose it is; empty where it is the caller's own, or can't be told.
std::string other_owner(const std::filesystem::path& path);

}  // namespace ablate
