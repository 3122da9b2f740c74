#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "runs/crc32c.h"
#include "runs/file_descriptor.h"
#include "runs/wire.h"

namespace ablate {

// TFRecord frames: uint64 length, masked CRC-32C of those 8 bytes, the record, masked CRC-32C of the record.
inline constexpr std::size_t kFrameHead = 12, kFrameFoot = 4;

/// Puts head and foot around the record of `size` bytes that lies at `frame + kFrameHead`.
inline void close_frame(char* frame, std::size_t size) {
  put_fixed(frame, static_cast<std::uint64_t>(size));
  put_fixed(frame + 8, masked_crc32c({frame, 8}));
  put_fixed(frame + kFrameHead + size, masked_crc32c({frame + kFrameHead, size}));
}

/// Reads the frames of a file that may be growing, from any frame's beginning on. Never reads behind the size that the
/// file had at `open`, and so never believes a length that the file can't hold.
class RecordReader {
 public:
  enum class Result {
    record,   ///< `record()` is the next one, and `offset()` has moved behind it
    end,      ///< nothing after the last frame
    torn,     ///< the beginning of a frame only: not yet, or never
    damaged,  ///< a checksum is wrong; `offset()` is where that frame begins
    failed,   ///< the system could not read; errno says why
  };

  /// Continues in `file`, which is `size` bytes long, at `offset`.
  RecordReader(int descriptor, std::uint64_t size, std::uint64_t offset);

  Result next();

  std::uint64_t offset() const { return offset_; }
  /// Valid until the next call of `next`.
  std::string_view record() const { return record_; }
  /// Where in the file the record's own bytes begin.
  std::uint64_t record_offset() const { return record_offset_; }

 private:
  /// Makes `count` bytes from `offset_` on lie in the buffer; null when the system fails. The file holds them.
  const char* bytes_at_offset(std::size_t count);

  int descriptor_;
  std::uint64_t size_;
  std::uint64_t offset_;
  std::string_view record_;
  std::uint64_t record_offset_ = 0;
  std::vector<char> buffer_;
  std::uint64_t buffer_offset_ = 0;  ///< of the buffer's first byte, in the file
  std::size_t buffered_ = 0;
};

}  // namespace ablate
