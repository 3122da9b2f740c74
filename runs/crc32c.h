#pragma once

#include <cstdint>
#include <string_view>

namespace ablate {

/// CRC-32C (Castagnoli), by the processor's own instruction where it has one.
/// `before`: of what these bytes go on with; 0 where that is nothing.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

/// The same by a table, on any processor.
std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before = 0);

/// As TFRecord frames store it: rotated right by 15 bits, plus 0xa282ead8.
inline std::uint32_t masked_crc32c(std::string_view bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

}  // namespace ablate
