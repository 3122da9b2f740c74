#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "experiments/data/dataset.h"
#include "runs/file_descriptor.h"

namespace ablate {

// A cache file: 64 bytes of head (magic, place, length and checksum of the table), then slots of one size, one for each
// sample (RGB image and, where there are masks, grey mask), then the table, JSON.

/// What a cache file says of itself beside the pixels.
struct CacheTable {
  std::uint64_t key = 0;  ///< hash of what it was made from
  int height = 0, width = 0;
  bool masks = false;
  struct Entry {
    std::string name;
    std::uint64_t slot = 0;
    std::uint32_t checksum = 0;  ///< CRC-32C of the slot
  };
  std::vector<Entry> samples;
  std::vector<std::pair<std::string, std::string>> problems;  ///< name of a sample that is left out, and why
  std::vector<std::string> notes;                             ///< of the whole set

  std::size_t slot_bytes() const { return std::size_t(height) * std::size_t(width) * (masks ? 4 : 3); }
};

/// Writes a cache file beside its place; `finish` puts it there. What was not finished is removed. All but `write`: one
/// thread. Throws Error that names the file (not writable, disk full).
class CacheWriter {
 public:
  explicit CacheWriter(std::filesystem::path file);
  ~CacheWriter();
  /// Returns the checksum. Any thread, each its own slots.
  std::uint32_t write(std::uint64_t slot, std::span<const std::uint8_t> bytes);
  void finish(const CacheTable& table, std::uint64_t slots);

 private:
  void write_at(std::uint64_t offset, const char* bytes, std::size_t size);

  std::filesystem::path file_, beside_;
  FileDescriptor descriptor_;
};

struct OpenedCache {
  CacheTable table;
  std::shared_ptr<const Dataset> dataset;  ///< keeps the file mapped; a sample is copied when it is loaded
};

/// nullptr when the file is missing, was made from something else than `key`, or any byte of it is damaged.
std::unique_ptr<OpenedCache> open_cache(const std::filesystem::path& file, std::uint64_t key);

}  // namespace ablate
