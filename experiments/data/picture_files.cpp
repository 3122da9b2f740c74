#include "experiments/data/picture_files.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <set>
#include <string>

#include "runs/text.h"

namespace ablate {
namespace {

std::string ending_of(const std::filesystem::path& file) { return lower_case(file.extension().string()); }

using namespace std::string_view_literals;
constexpr std::string_view kPng = "\x89PNG\r\n\x1a\n"sv, kJpeg = "\xff\xd8\xff"sv;

/// Whose first byte is the largest.
std::uint64_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t number = 0;
  for (const char byte : bytes.substr(at, size)) number = number << 8 | static_cast<std::uint8_t>(byte);
  return number;
}

bool is_hidden(const std::filesystem::path& file) { return file.filename().string().starts_with('.'); }

}  // namespace

bool is_picture(const std::filesystem::path& file) {
  static const std::set<std::string> endings{".jpg",  ".jpeg", ".jpe", ".jfif", ".png",
                                             ".webp", ".bmp",  ".tif", ".tiff"};
  return endings.contains(ending_of(file)) && !is_hidden(file);
}

bool is_unreadable_kind(const std::filesystem::path& file) {
  static const std::set<std::string> endings{".heic", ".heif", ".avif", ".jxl", ".gif", ".svg", ".psd", ".dng",
                                             ".raw",  ".cr2",  ".cr3",  ".nef", ".arw", ".npy", ".mat"};
  return endings.contains(ending_of(file)) && !is_hidden(file);
}

bool is_video(const std::filesystem::path& file) {
  static const std::set<std::string> endings{".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm"};
  return endings.contains(ending_of(file));
}

bool may_have_opacity(std::string_view bytes) {
  if (bytes.starts_with(kPng)) {
    constexpr std::size_t kColorType = 25;  // In the header chunk, which comes first: 3 palette, 4 and 6 with opacity.
    return bytes.size() > kColorType && (bytes[kColorType] & 4 || bytes[kColorType] == 3);
  }
  return (bytes.starts_with("RIFF"sv) && bytes.substr(0, 12).ends_with("WEBP"sv)) || bytes.starts_with("II*\0"sv) ||
         bytes.starts_with("MM\0*"sv);
}

std::optional<std::uint64_t> pixels_of(std::string_view bytes) {
  if (bytes.starts_with(kPng))
    return bytes.size() < 24 ? std::nullopt : std::optional(number_at(bytes, 16, 4) * number_at(bytes, 20, 4));
  if (!bytes.starts_with(kJpeg)) return std::nullopt;
  // Segments by their lengths, until the one that begins a frame.
  for (std::size_t i = 2; i + 9 <= bytes.size() && number_at(bytes, i, 1) == 0xff;) {
    const std::uint64_t marker = number_at(bytes, i + 1, 1);
    const bool frame = marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (frame) return number_at(bytes, i + 5, 2) * number_at(bytes, i + 7, 2);
    i += marker == 0xff ? 1 : 2 + number_at(bytes, i + 2, 2);
  }
  return std::nullopt;
}

bool is_cut_off_jpeg(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  if (!bytes.starts_with(kJpeg)) return false;
  // Segments by their lengths (a thumbnail within one has an end marker of its own), scans by their bytes, in which a
  // marker is 0xff followed by neither 0 nor a restart.
  for (std::size_t i = 2; i + 1 < bytes.size();) {
    if (at(i) != 0xff) return false;  // Not as the format has it: for the decoder to judge.
    const int marker = at(i + 1);
    if (marker == 0xff) {
      ++i;
      continue;
    }
    if (marker == 0xd9) return false;
    if (i + 3 >= bytes.size()) return true;
    i += 2 + number_at(bytes, i + 2, 2);
    if (marker != 0xda) continue;
    while (i + 1 < bytes.size() && (at(i) != 0xff || at(i + 1) == 0 || (at(i + 1) >= 0xd0 && at(i + 1) <= 0xd7))) ++i;
  }
  return true;
}

}  // namespace ablate
