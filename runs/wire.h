#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace ablate {

// The protobuf wire format, as much as events need: https://protobuf.dev/programming-guides/encoding.
static_assert(std::endian::native == std::endian::little, "event files and safetensors are read and written in place");

enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, group = 3, group_end = 4, fixed32 = 5 };

/// Takes a message apart, field by field. Unknown groups are skipped; anything else that is not legal makes `failed()`
/// true and ends the message. Views point into the message.
///   for (WireReader fields(message); fields.next();) switch (fields.field()) { case …: if
///   (fields.is(WireType::varint)) … }
class WireReader {
 public:
  explicit WireReader(std::string_view message) : at_(message.data()), end_(message.data() + message.size()) {}

  /// Moves on to the next field; false at the end, and when the message is damaged.
  bool next();
  bool failed() const { return failed_; }

  std::uint32_t field() const { return field_; }
  WireType type() const { return type_; }
  bool is(WireType type) const { return type_ == type; }
  std::uint64_t varint() const { return number_; }
  std::int64_t signed_varint() const { return static_cast<std::int64_t>(number_); }
  double fixed64() const { return std::bit_cast<double>(number_); }
  float fixed32() const { return std::bit_cast<float>(static_cast<std::uint32_t>(number_)); }
  std::string_view bytes() const { return bytes_; }

 private:
  bool fail();
  bool read_key();
  bool read_value(int depth);
  bool skip_group(std::uint32_t field, int depth);

  const char* at_;
  const char* end_;
  std::uint32_t field_ = 0;
  WireType type_ = WireType::varint;
  std::uint64_t number_ = 0;
  std::string_view bytes_;
  bool failed_ = false;
};

/// Reads a varint of at most ten bytes; false when it is cut or longer.
bool read_varint(const char*& at, const char* end, std::uint64_t& value);

/// Whether protobuf would take it for a `string`.
bool is_utf8(std::string_view text);

inline std::size_t varint_size(std::uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}

inline char* put_varint(char* at, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>(value | 0x80);
  *at++ = static_cast<char>(value);
  return at;
}

template <class T>
char* put_fixed(char* at, T value) {
  std::memcpy(at, &value, sizeof value);
  return at + sizeof value;
}

/// Puts a message together. Fields with a default value are the caller's to leave out.
class WireWriter {
 public:
  void varint(std::uint32_t field, std::uint64_t value);
  void fixed64(std::uint32_t field, double value);
  void fixed32(std::uint32_t field, float value);
  void bytes(std::uint32_t field, std::string_view value);
  /// A packed list of numbers that lie in memory as they do on the wire.
  template <class T>
  void packed(std::uint32_t field, const T* values, std::size_t count) {
    bytes(field, {reinterpret_cast<const char*>(values), count * sizeof(T)});
  }
  void message(std::uint32_t field, const WireWriter& inner) { bytes(field, inner.text_); }

  const std::string& text() const { return text_; }

 private:
  void key(std::uint32_t field, WireType type);
  std::string text_;
};

}  // namespace ablate
