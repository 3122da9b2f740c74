#pragma once

#include <filesystem>
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

/// Whether the bytes begin as a JPEG file and stop before its end marker. Decoders fill the rest with grey and say so
/// nowhere but on standard error.
bool is_cut_off_jpeg(std::string_view bytes);

}  // namespace ablate
