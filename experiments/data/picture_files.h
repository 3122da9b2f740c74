#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

namespace ablate {

/// What can be told of a picture file, or a video, without decoding it.

/// A file whose name ends as those that read_picture reads (JPEG, PNG, WebP, TIFF, BMP); not a hidden one.
bool is_picture(const std::filesystem::path& file);

/// A file whose name ends as other kinds of pictures do (HEIC, AVIF, GIF, raw photographs), which nothing here reads.
bool is_unreadable_kind(const std::filesystem::path& file);

/// A file whose name ends as videos do that VideoReader reads (MP4, MOV, AVI, MKV, WebM).
bool is_video(const std::filesystem::path& file);

/// Whether the bytes are a kind of file that may hold opacity: a PNG with it or with a palette, WebP, TIFF.
bool may_have_opacity(std::string_view bytes);

/// More than any picture of a log has; a file may claim 65535 × 65535.
inline constexpr std::uint64_t kMostPixels = 64'000'000;

/// Rows times columns, as the header of a PNG or JPEG file has them. nullopt where the bytes begin as neither, or have
/// no header.
std::optional<std::uint64_t> pixels_of(std::string_view bytes);

/// Whether the bytes begin as a JPEG file and stop before its end marker. Decoders fill the rest with grey and say so
/// nowhere but on standard error.
bool is_cut_off_jpeg(std::string_view bytes);

}  // namespace ablate
