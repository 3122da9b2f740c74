#include "runs/log_cache.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "runs/atomic_file.h"
#include "runs/crc32c.h"
#include "runs/error.h"
#include "runs/mapped_file.h"
#include "runs/paths.h"
#include "runs/wire.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

/// The file: this, the memory of all blocks, the message that describes it.
struct Head {
  std::array<char, 8> magic = kMagic;
  std::uint64_t memory_bytes = 0, message_bytes = 0;
  std::uint32_t memory_crc = 0, message_crc = 0;

  static constexpr std::array<char, 8> kMagic{'a', 'b', 'l', 'c', 'o', 'l', '0', '3'};  // Another form: other digits.
};
static_assert(sizeof(Head) % 8 == 0, "blocks are aligned");

constexpr std::uintmax_t kMostBytes = 8ull << 30;

enum LogField : std::uint32_t { kRun = 1, kFile, kTag, kMostRecentStep };
enum FileField : std::uint32_t { kName = 1, kInode, kSize, kChanged, kOffset, kMark, kEvents };
enum TagField : std::uint32_t { kTagName = 1, kPoints, kDropped, kHighestStep };

WireWriter message_of(const CachedLog::File& file) {
  WireWriter message;
  message.bytes(kName, file.name);
  message.varint(kInode, file.inode);
  message.varint(kSize, file.size);
  message.varint(kChanged, static_cast<std::uint64_t>(file.changed_ns));
  message.varint(kOffset, file.offset);
  message.varint(kMark, file.mark);
  message.packed(kEvents, file.events.data(), file.events.size());
  return message;
}

CachedLog::File file_of(std::string_view message) {
  CachedLog::File file;
  for (WireReader fields(message); fields.next();) switch (fields.field()) {
      case kName:
        file.name = fields.bytes();
        break;
      case kInode:
        file.inode = fields.varint();
        break;
      case kSize:
        file.size = fields.varint();
        break;
      case kChanged:
        file.changed_ns = fields.signed_varint();
        break;
      case kOffset:
        file.offset = fields.varint();
        break;
      case kMark:
        file.mark = static_cast<std::uint32_t>(fields.varint());
        break;
      case kEvents:
        file.events.resize(fields.bytes().size() / sizeof(std::uint64_t));
        fields.bytes().copy(reinterpret_cast<char*>(file.events.data()), file.events.size() * sizeof(std::uint64_t));
        break;
      default:
        break;
    }
  return file;
}

/// Adds the tag to `scalars`; false where `message` can't be understood.
bool take_tag(std::string_view message, std::shared_ptr<const std::byte>& at, std::size_t& left,
              SeriesBuilder::Scalars& scalars) {
  std::string name;
  SeriesBuilder::Scalars::OfTag tag;
  WireReader fields(message);
  while (fields.next()) switch (fields.field()) {
      case kTagName:
        name = fields.bytes();
        break;
      case kPoints:
      case kDropped: {
        if (!fields.is(WireType::bytes)) return false;
        auto column = ScalarColumn::of(fields.bytes(), at, left);
        if (!column) return false;
        if (fields.field() == kPoints)
          tag.points = std::move(*column);
        else
          tag.dropped.push_back(std::move(*column));
        break;
      }
      case kHighestStep:
        tag.highest_step = fields.signed_varint();
        break;
      default:
        break;
    }
  scalars.tags[name] = std::move(tag);
  return !fields.failed();
}

/// Takes away what was used longest ago, until no more is left than may be.
void make_room(const fs::path& cache) {
  struct Kept {
    fs::file_time_type used;
    std::uintmax_t bytes;
    fs::path file;
  };
  std::vector<Kept> all;
  std::uintmax_t sum = 0;
  std::error_code failed;
  for (fs::directory_iterator it(cache, failed), end; !failed && it != end; it.increment(failed)) {
    std::error_code gone;
    const Kept kept{it->last_write_time(gone), it->file_size(gone), it->path()};
    if (gone || (kept.file.extension() != ".columns" && kept.file.extension() != ".tmp")) continue;
    sum += kept.bytes;
    all.push_back(kept);
  }
  std::ranges::sort(all, {}, &Kept::used);
  for (auto oldest = all.begin(); sum > kMostBytes && oldest != all.end(); ++oldest) {
    fs::remove(oldest->file, failed);
    sum -= oldest->bytes;
  }
}

}  // namespace

fs::path cache_folder() { return folder_of_user("XDG_CACHE_HOME", ".cache"); }

fs::path cached_log_file(const fs::path& cache, const fs::path& run) { return cache / (path_key(run) + ".columns"); }

std::optional<CachedLog> read_cached_log(const fs::path& cache, const fs::path& run) {
  const fs::path file = cached_log_file(cache, run);
  std::error_code failed;
  if (!fs::exists(file, failed)) return std::nullopt;
  try {
    const MappedFile mapped = map_file(file);
    const std::string_view text(reinterpret_cast<const char*>(mapped.bytes.get()), mapped.size);
    Head head;
    if (text.size() < sizeof head) return std::nullopt;
    std::memcpy(&head, text.data(), sizeof head);
    const std::string_view rest = text.substr(sizeof head);
    if (head.magic != Head::kMagic || head.memory_bytes > rest.size() || head.memory_bytes % 8 != 0 ||
        head.message_bytes != rest.size() - head.memory_bytes)
      return std::nullopt;
    const std::string_view memory = rest.substr(0, head.memory_bytes), message = rest.substr(head.memory_bytes);
    if (crc32c(message) != head.message_crc || crc32c(memory) != head.memory_crc) return std::nullopt;
    fs::last_write_time(file, fs::file_time_type::clock::now(), failed);  // As good as it is old: see make_room.
    return cached_log_of(message, plain_path(run).string(),
                         std::shared_ptr<const std::byte>(mapped.bytes, mapped.bytes.get() + sizeof head),
                         memory.size());
  } catch (const Error&) {  // Gone, or not ours to read: as good as none.
    return std::nullopt;
  }
}

std::optional<CachedLog> cached_log_of(std::string_view message, const std::string& run,
                                       std::shared_ptr<const std::byte> at, std::size_t left) {
  CachedLog log;
  bool of_run = false;
  WireReader fields(message);
  while (fields.next()) switch (fields.field()) {
      case kRun:
        of_run = fields.bytes() == run;
        break;
      case kFile:
        log.files.push_back(file_of(fields.bytes()));
        break;
      case kTag:
        if (!take_tag(fields.bytes(), at, left, log.scalars)) return std::nullopt;
        break;
      case kMostRecentStep:
        log.scalars.most_recent_step = fields.signed_varint();
        break;
      default:
        break;
    }
  if (!of_run || fields.failed()) return std::nullopt;
  return log;
}

void write_cached_log(const fs::path& cache, const fs::path& run, const CachedLog& log) {
  WireWriter message;
  message.bytes(kRun, plain_path(run).string());
  for (const CachedLog::File& file : log.files) message.message(kFile, message_of(file));
  std::vector<std::string_view> pieces(1);
  const auto message_of_column = [&](const ScalarColumn& column) {
    WireWriter of_column;
    column.describe(of_column, pieces);
    return of_column;
  };
  for (const auto& [name, tag] : log.scalars.tags) {
    WireWriter of_tag;
    of_tag.bytes(kTagName, name);
    of_tag.message(kPoints, message_of_column(tag.points));
    for (const ScalarColumn& dropped : tag.dropped) of_tag.message(kDropped, message_of_column(dropped));
    of_tag.varint(kHighestStep, static_cast<std::uint64_t>(tag.highest_step));
    message.message(kTag, of_tag);
  }
  message.varint(kMostRecentStep, static_cast<std::uint64_t>(log.scalars.most_recent_step));

  Head head;
  for (const std::string_view piece : pieces) {
    head.memory_bytes += piece.size();
    head.memory_crc = crc32c(piece, head.memory_crc);
  }
  head.message_bytes = message.text().size();
  head.message_crc = crc32c(message.text());
  pieces.front() = {reinterpret_cast<const char*>(&head), sizeof head};
  pieces.push_back(message.text());
  std::error_code failed;
  fs::create_directories(cache, failed);
  write_file_atomically(cached_log_file(cache, run), pieces);
  make_room(cache);
}

}  // namespace ablate
