#include "runs/wire.h"

#include <array>

namespace ablate {
namespace {

constexpr int kDeepestGroup = 100;  // protobuf's own limit

}  // namespace

bool read_varint(const char*& at, const char* end, std::uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 70 && at != end; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(*at++);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool is_utf8(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = at + text.size();
  const auto continues = [&](int count) {
    if (end - at < count) return false;
    for (; count > 0; --count)
      if ((*at++ & 0xc0) != 0x80) return false;
    return true;
  };
  while (at != end) {
    std::uint64_t word;
    while (end - at >= 8 && (std::memcpy(&word, at, 8), (word & 0x8080808080808080u) == 0)) at += 8;
    if (at == end) return true;
    const unsigned char first = *at++;
    if (first < 0x80) continue;
    const unsigned char second = at != end ? *at : 0;
    // The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF.
    if (first >= 0xc2 && first <= 0xdf) {
      if (!continues(1)) return false;
    } else if (first >= 0xe0 && first <= 0xef) {
      if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || !continues(2)) return false;
    } else if (first >= 0xf0 && first <= 0xf4) {
      if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f) || !continues(3)) return false;
    } else {
      return false;
    }
  }
  return true;
}

bool WireReader::fail() {
  failed_ = true;
  at_ = end_;
  return false;
}

bool WireReader::read_key() {
  const char* const begin = at_;
  std::uint64_t key;
  if (!read_varint(at_, end_, key) || at_ - begin > 5 || key >> 32 != 0 || key >> 3 == 0) return fail();
  field_ = static_cast<std::uint32_t>(key >> 3);
  type_ = static_cast<WireType>(key & 7);
  return true;
}

bool WireReader::next() { return at_ != end_ && read_key() && read_value(0); }

bool WireReader::read_value(int depth) {
  switch (type_) {
    case WireType::varint:
      return read_varint(at_, end_, number_) || fail();
    case WireType::fixed64:
      if (end_ - at_ < 8) return fail();
      std::memcpy(&number_, at_, 8);
      at_ += 8;
      return true;
    case WireType::fixed32: {
      std::uint32_t value;
      if (end_ - at_ < 4) return fail();
      std::memcpy(&value, at_, 4);
      number_ = value;
      at_ += 4;
      return true;
    }
    case WireType::bytes: {
      std::uint64_t size;
      if (!read_varint(at_, end_, size) || size > static_cast<std::uint64_t>(end_ - at_)) return fail();
      bytes_ = {at_, static_cast<std::size_t>(size)};
      at_ += size;
      return true;
    }
    case WireType::group:
      return skip_group(field_, depth + 1);
    case WireType::group_end:
      break;
  }
  return fail();  // an end without a beginning, or no type at all
}

bool WireReader::skip_group(std::uint32_t field, int depth) {
  if (depth > kDeepestGroup) return fail();
  for (;;) {
    if (!read_key()) return false;
    if (type_ == WireType::group_end) {
      if (field_ != field) return fail();
      type_ = WireType::group;
      return true;
    }
    if (!read_value(depth)) return false;
  }
}

void WireWriter::key(std::uint32_t field, WireType type) {
  std::array<char, 10> buffer;
  char* const end = put_varint(buffer.data(), static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint8_t>(type));
  text_.append(buffer.data(), end);
}

void WireWriter::varint(std::uint32_t field, std::uint64_t value) {
  key(field, WireType::varint);
  std::array<char, 10> buffer;
  text_.append(buffer.data(), put_varint(buffer.data(), value));
}

void WireWriter::fixed64(std::uint32_t field, double value) {
  key(field, WireType::fixed64);
  text_.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void WireWriter::fixed32(std::uint32_t field, float value) {
  key(field, WireType::fixed32);
  text_.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void WireWriter::bytes(std::uint32_t field, std::string_view value) {
  key(field, WireType::bytes);
  std::array<char, 10> buffer;
  text_.append(buffer.data(), put_varint(buffer.data(), value.size()));
  text_.append(value);
}

}  // namespace ablate
