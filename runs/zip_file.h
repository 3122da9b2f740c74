#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ablate {

/// The records of a zip archive that lies in memory: stored ones, not compressed ones; one file, not encrypted, zip64
/// where it is used. Checksums are not looked at: PyTorch can be told not to compute them. From PKWARE's APPNOTE.TXT.
class ZipFile {
 public:
  /// Reads the directory; `bytes` must outlive this, `where` begins every message. Throws Error for anything that is
  /// not a whole zip archive, and where a name occurs twice.
  ZipFile(std::span<const std::byte> bytes, const std::string& where);

  /// In the order of the directory.
  const std::vector<std::string>& names() const { return names_; }
  bool contains(const std::string& name) const { return entries_.contains(name); }
  /// The bytes of a record, which lie in those of the archive. Throws Error when there is no such record, it is
  /// compressed or encrypted, or does not lie within the archive.
  std::span<const std::byte> record(const std::string& name) const;

 private:
  struct Entry {
    std::uint16_t flags = 0;
    std::uint16_t method = 0;
    std::uint64_t stored_bytes = 0;
    std::uint64_t bytes = 0;
    std::uint64_t offset = 0;  ///< of its local header
  };
  struct Directory {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    std::uint64_t entries = 0;
  };

  Directory directory() const;
  Entry entry_at(std::size_t at, std::string_view extra) const;
  [[noreturn]] void damaged(std::string_view what) const;

  std::span<const std::byte> bytes_;
  std::string where_;
  std::vector<std::string> names_;
  std::map<std::string, Entry> entries_;
};

}  // namespace ablate
