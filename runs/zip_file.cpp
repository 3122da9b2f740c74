#include "runs/zip_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "runs/error.h"

namespace ablate {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::uint32_t kLocalSignature = 0x04034b50, kCentralSignature = 0x02014b50, kEndSignature = 0x06054b50,
                        kEnd64Signature = 0x06064b50, kLocator64Signature = 0x07064b50;
constexpr std::size_t kLocalHead = 30, kCentralHead = 46, kEndHead = 22, kEnd64Head = 56, kLocator64Head = 20;
constexpr std::size_t kLongestComment = 0xffff;
constexpr std::uint16_t kIn64Short = 0xffff;     ///< says: the number is in the zip64 end of the directory
constexpr std::uint32_t kIn64Long = 0xffffffff;  ///< says: the number is in zip64's extra field

/// The caller has made sure that it lies within.
template <typename T>
T zip_number(std::span<const std::byte> bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::string_view zip_text(std::span<const std::byte> bytes, std::size_t at, std::size_t count) {
  return {reinterpret_cast<const char*>(bytes.data()) + at, count};
}

/// The body of zip64's extra field; empty when there is none.
std::string_view zip64_field(std::string_view extra) {
  while (extra.size() >= 4) {
    const auto head = std::as_bytes(std::span(extra));
    const std::size_t size = std::min<std::size_t>(zip_number<std::uint16_t>(head, 2), extra.size() - 4);
    if (zip_number<std::uint16_t>(head, 0) == 1) return extra.substr(4, size);
    extra.remove_prefix(4 + size);
  }
  return {};
}

}  // namespace

void ZipFile::damaged(std::string_view what) const {
  throw Error(fmt::format("{}: a damaged or cut zip archive: {}. Copy or download the file again", where_, what));
}

ZipFile::Directory ZipFile::directory() const {
  const std::size_t size = bytes_.size();
  if (size < kEndHead) damaged("it is too short");
  const std::size_t first = size - kEndHead - std::min(size - kEndHead, kLongestComment);
  std::size_t end = size - kEndHead;
  while (zip_number<std::uint32_t>(bytes_, end) != kEndSignature ||
         zip_number<std::uint16_t>(bytes_, end + 20) != size - kEndHead - end) {
    if (end == first) damaged("the directory at its end is missing");
    --end;
  }
  Directory found{zip_number<std::uint32_t>(bytes_, end + 16), zip_number<std::uint32_t>(bytes_, end + 12),
                  zip_number<std::uint16_t>(bytes_, end + 10)};
  if (found.offset == kIn64Long || found.bytes == kIn64Long || found.entries == kIn64Short) {
    if (end < kLocator64Head || zip_number<std::uint32_t>(bytes_, end - kLocator64Head) != kLocator64Signature)
      damaged("the zip64 directory is missing");
    const auto at = zip_number<std::uint64_t>(bytes_, end - kLocator64Head + 8);
    if (at > size || size - at < kEnd64Head || zip_number<std::uint32_t>(bytes_, at) != kEnd64Signature)
      damaged("the zip64 directory is missing");
    found = {zip_number<std::uint64_t>(bytes_, at + 48), zip_number<std::uint64_t>(bytes_, at + 40),
             zip_number<std::uint64_t>(bytes_, at + 32)};
  }
  if (found.offset > end || found.bytes > end - found.offset) damaged("its directory lies outside");
  if (found.entries > found.bytes / kCentralHead) damaged("its directory has no room for its entries");
  return found;
}

ZipFile::Entry ZipFile::entry_at(std::size_t at, std::string_view extra) const {
  Entry entry{zip_number<std::uint16_t>(bytes_, at + 8), zip_number<std::uint16_t>(bytes_, at + 10),
              zip_number<std::uint32_t>(bytes_, at + 20), zip_number<std::uint32_t>(bytes_, at + 24),
              zip_number<std::uint32_t>(bytes_, at + 42)};
  std::string_view longer = zip64_field(extra);
  for (std::uint64_t* const number : {&entry.bytes, &entry.stored_bytes, &entry.offset}) {
    if (*number != kIn64Long) continue;
    if (longer.size() < sizeof *number) damaged("a size is missing");
    std::memcpy(number, longer.data(), sizeof *number);
    longer.remove_prefix(sizeof *number);
  }
  return entry;
}

ZipFile::ZipFile(std::span<const std::byte> bytes, const std::string& where) : bytes_(bytes), where_(where) {
  const Directory found = directory();
  std::size_t at = found.offset;
  const std::size_t end = at + found.bytes;
  for (std::uint64_t i = 0; i < found.entries; ++i) {
    if (end - at < kCentralHead || zip_number<std::uint32_t>(bytes_, at) != kCentralSignature)
      damaged("its directory is not one");
    const std::size_t name = zip_number<std::uint16_t>(bytes_, at + 28),
                      extra = zip_number<std::uint16_t>(bytes_, at + 30),
                      comment = zip_number<std::uint16_t>(bytes_, at + 32);
    if (end - at - kCentralHead < name + extra + comment) damaged("its directory is cut");
    names_.emplace_back(zip_text(bytes_, at + kCentralHead, name));
    if (!entries_.emplace(names_.back(), entry_at(at, zip_text(bytes_, at + kCentralHead + name, extra))).second)
      damaged("a name occurs twice");
    at += kCentralHead + name + extra + comment;
  }
}

std::span<const std::byte> ZipFile::record(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) damaged(fmt::format("\"{}\" is missing", name));
  const Entry& entry = found->second;
  if (entry.flags & 1) throw Error(fmt::format("{}: \"{}\" is encrypted. Save the file again", where_, name));
  if (entry.method != 0)
    throw Error(
        fmt::format("{}: \"{}\" is compressed, which torch.save never does. Unpack the archive and zip it again "
                    "with zip -0, or save it again with torch.save",
                    where_, name));
  if (entry.stored_bytes != entry.bytes) damaged(fmt::format("\"{}\" has two sizes", name));
  if (entry.offset > bytes_.size() || bytes_.size() - entry.offset < kLocalHead ||
      zip_number<std::uint32_t>(bytes_, entry.offset) != kLocalSignature)
    damaged(fmt::format("\"{}\" is not where the directory says", name));
  // The local header repeats the name, and has an extra field of its own, with which PyTorch aligns the data.
  const std::size_t head = kLocalHead + zip_number<std::uint16_t>(bytes_, entry.offset + 26) +
                           zip_number<std::uint16_t>(bytes_, entry.offset + 28);
  const std::size_t room = bytes_.size() - entry.offset;
  if (room < head || room - head < entry.bytes) damaged(fmt::format("\"{}\" lies outside", name));
  return bytes_.subspan(entry.offset + head, entry.bytes);
}

}  // namespace ablate
