#include "experiments/data/picture_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "runs/atomic_file.h"
#include "runs/crc32c.h"
#include "runs/error.h"
#include "runs/json_file.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::json;

/// In the byte order of the machine: the file is made and read where the pictures are.
struct Head {
  char magic[8] = {'A', 'b', 'l', 'a', 't', 'e', 'P', '2'};
  std::uint64_t table_at = 0, table_bytes = 0;
  std::uint32_t table_checksum = 0;
  std::uint32_t unused[9] = {};
};
static_assert(sizeof(Head) == 64);

[[noreturn]] void fail(const fs::path& file, int error_number) {
  throw Error(fmt::format("{}: can't be written: {}. Decoded pictures are kept there.", file.string(),
                          system_error_text(error_number)));
}

class Mapping {
 public:
  static std::shared_ptr<const Mapping> of(const fs::path& file) {
    const FileDescriptor descriptor(open(file.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!descriptor || fstat(descriptor.get(), &status) != 0 || status.st_size <= 0) return nullptr;
    const auto size = std::size_t(status.st_size);
    void* bytes = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor.get(), 0);
    if (bytes == MAP_FAILED) return nullptr;
    return std::shared_ptr<const Mapping>(new Mapping({static_cast<const char*>(bytes), size}));
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { munmap(const_cast<char*>(bytes_.data()), bytes_.size()); }
  std::string_view bytes() const { return bytes_; }

 private:
  explicit Mapping(std::string_view bytes) : bytes_(bytes) {}
  std::string_view bytes_;
};

std::string_view slot(const Mapping& mapping, const CacheTable& table, std::uint64_t number) {
  return mapping.bytes().substr(sizeof(Head) + number * table.slot_bytes(), table.slot_bytes());
}

class CachedPictures : public Dataset {
 public:
  CachedPictures(std::shared_ptr<const Mapping> mapping, CacheTable table)
      : mapping_(std::move(mapping)), table_(std::move(table)) {}

  std::size_t size() const override { return table_.samples.size(); }
  const std::string& name(std::size_t index) const override { return table_.samples.at(index).name; }

  Sample load(std::size_t index) const override {
    const CacheTable::Entry& entry = table_.samples.at(index);
    const auto* at = reinterpret_cast<const std::uint8_t*>(slot(*mapping_, table_, entry.slot).data());
    const std::size_t area = std::size_t(table_.height) * std::size_t(table_.width);
    Sample sample{entry.name, {}};
    sample.planes["image"] = {table_.height, table_.width, 3, {at, at + 3 * area}};
    if (table_.masks) sample.planes["mask"] = {table_.height, table_.width, 1, {at + 3 * area, at + 4 * area}};
    return sample;
  }

 private:
  std::shared_ptr<const Mapping> mapping_;
  CacheTable table_;
};

json to_json(const CacheTable& table) {
  json samples = json::array();
  for (const auto& entry : table.samples) samples.push_back({entry.name, entry.slot, entry.checksum});
  return {{"key", table.key},   {"height", table.height},     {"width", table.width}, {"masks", table.masks},
          {"samples", samples}, {"problems", table.problems}, {"notes", table.notes}};
}

CacheTable table_from(const json& document) {
  CacheTable table;
  table.key = document.at("key");
  table.height = document.at("height");
  table.width = document.at("width");
  table.masks = document.at("masks");
  for (const json& entry : document.at("samples")) table.samples.push_back({entry.at(0), entry.at(1), entry.at(2)});
  document.at("problems").get_to(table.problems);
  document.at("notes").get_to(table.notes);
  return table;
}

}  // namespace

// The caller holds the lock of the place, so that nobody else writes beside it; what lies there is of a process that
// died.
CacheWriter::CacheWriter(fs::path file)
    : file_(std::move(file)),
      beside_(file_.string() + ".tmp"),
      descriptor_(open(beside_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (!descriptor_) fail(beside_, errno);
}

CacheWriter::~CacheWriter() {
  if (descriptor_) unlink(beside_.c_str());
}

void CacheWriter::write_at(std::uint64_t offset, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t written = pwrite(descriptor_.get(), bytes, size, off_t(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(beside_, errno);
    bytes += written;
    offset += std::uint64_t(written);
    size -= std::size_t(written);
  }
}

std::uint32_t CacheWriter::write(std::uint64_t number, std::span<const std::uint8_t> bytes) {
  const auto* chars = reinterpret_cast<const char*>(bytes.data());
  write_at(sizeof(Head) + number * bytes.size(), chars, bytes.size());
  return crc32c({chars, bytes.size()});
}

void CacheWriter::finish(const CacheTable& table, std::uint64_t slots) {
  const std::string text = json_text(to_json(table));
  Head head;
  head.table_at = sizeof(Head) + slots * table.slot_bytes();
  head.table_bytes = text.size();
  head.table_checksum = crc32c(text);
  write_at(head.table_at, text.data(), text.size());
  write_at(0, reinterpret_cast<const char*>(&head), sizeof head);
  if (fsync(descriptor_.get()) != 0 || rename(beside_.c_str(), file_.c_str()) != 0) fail(file_, errno);
  descriptor_.close();
}

std::unique_ptr<OpenedCache> open_cache(const fs::path& file, std::uint64_t key) {
  const auto mapping = Mapping::of(file);
  if (!mapping || mapping->bytes().size() < sizeof(Head)) return nullptr;
  const std::string_view bytes = mapping->bytes();
  Head head;
  std::memcpy(&head, bytes.data(), sizeof head);
  if (std::memcmp(head.magic, Head().magic, sizeof head.magic) != 0 || head.table_at > bytes.size() ||
      head.table_bytes != bytes.size() - head.table_at)
    return nullptr;
  const std::string_view text = bytes.substr(head.table_at);
  if (crc32c(text) != head.table_checksum) return nullptr;
  CacheTable table = table_from(json::parse(text));  // As written by `finish`: its checksum says so.
  if (table.key != key) return nullptr;
  for (const auto& entry : table.samples)
    if (crc32c(slot(*mapping, table, entry.slot)) != entry.checksum) return nullptr;
  auto dataset = std::make_shared<CachedPictures>(mapping, table);
  return std::make_unique<OpenedCache>(OpenedCache{std::move(table), std::move(dataset)});
}

}  // namespace ablate
