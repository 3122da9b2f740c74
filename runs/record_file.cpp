#include "runs/record_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace ablate {
namespace {

constexpr std::size_t kReadAhead = 256 << 10;
constexpr std::uint64_t kLongest = 0x7fffffff;  // No protobuf message is longer.

template <class T>
T get_fixed(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace

RecordReader::RecordReader(int descriptor, std::uint64_t size, std::uint64_t offset)
    : descriptor_(descriptor), size_(size), offset_(offset), buffer_offset_(offset) {}

const char* RecordReader::bytes_at_offset(std::size_t count) {
  auto skip = static_cast<std::size_t>(offset_ - buffer_offset_);
  if (buffered_ < skip + count) {
    // What is left moves to the front; the rest is read behind it.
    const std::size_t kept = buffered_ > skip ? buffered_ - skip : 0;
    if (kept > 0) std::memmove(buffer_.data(), buffer_.data() + skip, kept);
    buffer_offset_ = offset_;
    buffered_ = kept;
    skip = 0;
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(std::max(count, kReadAhead), size_ - offset_));
    if (buffer_.size() < wanted) buffer_.resize(wanted);
    while (buffered_ < wanted) {
      const ssize_t got = ::pread(descriptor_, buffer_.data() + buffered_, wanted - buffered_,
                                  static_cast<off_t>(buffer_offset_ + buffered_));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return nullptr;
      if (got == 0) break;
      buffered_ += static_cast<std::size_t>(got);
    }
    if (buffered_ < count) {
      errno = ESTALE;  // The file was cut while it was read.
      return nullptr;
    }
  }
  return buffer_.data() + skip;
}

RecordReader::Result RecordReader::next() {
  const std::uint64_t left = size_ > offset_ ? size_ - offset_ : 0;
  if (left == 0) return Result::end;
  if (left < kFrameHead) return Result::torn;
  const char* frame = bytes_at_offset(kFrameHead);
  if (frame == nullptr) return Result::failed;
  const auto length = get_fixed<std::uint64_t>(frame);
  if (get_fixed<std::uint32_t>(frame + 8) != masked_crc32c({frame, 8})) return Result::damaged;
  if (length > kLongest || length > left - kFrameHead || left - kFrameHead - length < kFrameFoot) return Result::torn;
  const auto size = static_cast<std::size_t>(length);
  frame = bytes_at_offset(kFrameHead + size + kFrameFoot);
  if (frame == nullptr) return Result::failed;
  record_ = {frame + kFrameHead, size};
  if (get_fixed<std::uint32_t>(frame + kFrameHead + size) != masked_crc32c(record_)) return Result::damaged;
  record_offset_ = offset_ + kFrameHead;
  offset_ += kFrameHead + size + kFrameFoot;
  return Result::record;
}

}  // namespace ablate
