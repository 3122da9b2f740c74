#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ablate {

/// Replaces `file` by the concatenated `pieces`: written beside it, synced, renamed into place. A reader sees the old
/// content or the new one, never a part. Throws Error that names the file; the old content is then still there.
void write_file_atomically(const std::filesystem::path& file, std::span<const std::string_view> pieces);

/// The whole of a file; nullopt when it isn't there. Throws Error that names it when it can't be read.
std::optional<std::string> read_file(const std::filesystem::path& file);

/// "no space left on device: free some space, …": what went wrong by the system's number, and what to do about it.
std::string system_error_text(int error_number);
/// The same of a file that can't be written, with whose it is, or its folder, where that is another user's.
std::string write_error_text(const std::filesystem::path& file, int error_number);

}  // namespace ablate
