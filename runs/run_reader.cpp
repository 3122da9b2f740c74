#include "runs/run_reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "runs/atomic_file.h"
#include "runs/error.h"
#include "runs/event_decoding.h"
#include "runs/log_cache.h"
#include "runs/record_file.h"
#include "runs/run_store.h"
#include "runs/series_builder.h"

namespace ablate {
namespace {

/// Bytes from which on reading again takes longer than anybody wants to wait. And where a point in so many is no
/// scalar, the others are read again in a moment.
constexpr std::uint64_t kWorthKeeping = 4u << 20, kMostEvents = 8;

}  // namespace

struct RunReader::Impl {
  /// What tells that a file is the one it was, and whether it has changed.
  struct Look {
    dev_t device = 0;
    ino_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t changed_ns = 0;

    bool same_file(const Look& other) const { return device == other.device && inode == other.inode; }
    bool operator==(const Look&) const = default;
  };

  static Look look_of(const struct stat& status) {
    return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
            status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec};
  }

  /// One event file, and how far it has been read.
  struct Source {
    std::string name;
    std::string path;
    Look seen;                 ///< at this poll
    Look read;                 ///< when it was last read
    std::uint64_t offset = 0;  ///< of the first frame not yet read
    std::uint32_t mark = 0;    ///< the four bytes before `offset`: other ones mean that the file was written anew
    std::string damage;        ///< why nothing after `offset` can be read; empty when all is well

    std::vector<std::uint64_t> events;  ///< see CachedLog::File

    bool is_new = false;  ///< found by this poll

    bool begun() const { return offset > 0; }
    bool changed() const { return !(seen == read); }
  };

  Impl(std::filesystem::path run_folder, std::filesystem::path cache_folder)
      : folder(std::move(run_folder)), cache(std::move(cache_folder)), published(std::make_shared<const RunData>()) {}

  bool poll(std::size_t max_bytes) {
    const std::string before = folder_problem;
    changed_since_publishing |= look();
    if (folder_problem.empty()) {
      if (!std::exchange(looked_in_cache, true) && !cache.empty()) changed_since_publishing |= go_on_from_cache();
      if (!more) changed_since_publishing |= begin_pass();
      changed_since_publishing |= read_on(max_bytes);
      more = position < sources.size();
      if (!more) rebuilding = false;
      if (!more && !cache.empty()) keep_in_cache();
    }
    const bool news = (changed_since_publishing && !rebuilding) || before != folder_problem;
    if (news) publish();
    return news;
  }

  /// Finds the files that are there now. Returns whether the list changed.
  bool look() {
    DIR* const directory = ::opendir(folder.c_str());
    if (directory == nullptr) {
      folder_problem = fmt::format("the folder can't be read: {}", system_error_text(errno));
      more = false;
      return false;
    }
    folder_problem.clear();
    std::vector<Source> found;
    while (const dirent* entry = ::readdir(directory)) {
      struct stat status {};
      if (is_event_file_name(entry->d_name) && ::fstatat(::dirfd(directory), entry->d_name, &status, 0) == 0 &&
          S_ISREG(status.st_mode))
        found.push_back({entry->d_name, (folder / entry->d_name).string(), look_of(status)});
    }
    ::closedir(directory);
    std::ranges::sort(found, {}, &Source::name);
    return take_over(std::move(found));
  }

  bool take_over(std::vector<Source> found) {
    std::size_t kept = 0;
    bool from_start = false;
    for (Source& source : found) {
      const auto old = std::ranges::find(sources, source.name, &Source::name);
      if (old == sources.end()) {
        source.is_new = true;
        continue;
      }
      const Look now = source.seen;
      // Another file under the name, or the same one cut: what was read from it is no longer there.
      from_start |= old->begun() && (!now.same_file(old->seen) || now.size < old->offset);
      source = std::move(*old);
      source.seen = now;
      ++kept;
    }
    const bool changed = kept != sources.size() || kept != found.size();
    from_start |= kept != sources.size();  // One vanished.
    bool begun_behind = false;
    for (std::size_t i = found.size(); i-- > 0;) {
      begun_behind |= found[i].begun();
      if (!std::exchange(found[i].is_new, false)) continue;
      from_start |= begun_behind;  // Its points belong before some that were read already.
      position = std::min(position, i);
    }
    sources = std::move(found);
    if (from_start) start_again();
    return changed || from_start;
  }

  void start_again() {
    for (Source& source : sources) source = {source.name, source.path, source.seen};
    rebuilding = published->version > 0;
    builder = SeriesBuilder{};
    position = 0;
  }

  /// All files were read to their ends. Goes on with the last one; where an earlier one has grown by a whole record,
  /// everything is read again, because its points belong before those of the later files. Returns whether anything
  /// changed.
  bool begin_pass() {
    position = 0;
    for (std::size_t i = 0; i < sources.size(); ++i)
      if (sources[i].begun()) position = i;
    bool changed = false;
    for (std::size_t i = 0; i < position; ++i) {
      Source& source = sources[i];
      if (!source.changed()) continue;
      const FileDescriptor descriptor(::open(source.path.c_str(), O_RDONLY | O_CLOEXEC));
      if (!descriptor) continue;
      const auto result = RecordReader(descriptor.get(), source.seen.size, source.offset).next();
      if (result == RecordReader::Result::record || written_anew(descriptor.get(), source)) {
        start_again();
        return true;
      }
      const std::string damage = damage_of(result, descriptor.get(), source.offset);
      changed |= std::exchange(source.damage, damage) != damage;
      source.read = source.seen;
    }
    return changed;
  }

  /// Reads from `position` on. Returns whether anything changed.
  bool read_on(std::size_t max_bytes) {
    bool changed = false, started_again = false;
    for (std::size_t left = std::max<std::size_t>(max_bytes, 1); position < sources.size();) {
      Source& source = sources[position];
      if (!source.changed()) {
        ++position;
        continue;
      }
      const FileDescriptor descriptor(::open(source.path.c_str(), O_RDONLY | O_CLOEXEC));
      if (descriptor && written_anew(descriptor.get(), source)) {
        start_again();
        changed = true;
        if (std::exchange(started_again, true)) break;  // Somebody writes faster than we read: the next poll's.
        continue;
      }
      const std::string damage = source.damage;
      if (!descriptor) source.damage = fmt::format("can't be read: {}", system_error_text(errno));
      const std::size_t done = descriptor ? read_source(source, descriptor.get(), left) : 0;
      changed |= done > 0 || source.damage != damage;
      left -= std::min(left, done);
      if (left == 0 && source.changed()) break;
      left = std::max<std::size_t>(left, 1);
      ++position;
    }
    return changed;
  }

  /// Gives the builder at least one record if there is one, and stops after `most` bytes. Returns how many it read;
  /// when that was all there is, `source` counts as unchanged from then on.
  std::size_t read_source(Source& source, int descriptor, std::size_t most) {
    if (!source.begun()) builder.begin_file(static_cast<std::uint32_t>(position));
    const std::uint64_t begin = source.offset;
    RecordReader records(descriptor, source.seen.size, source.offset);
    bool stopped = false;
    while (!stopped) {
      const RecordReader::Result result = records.next();
      source.damage = damage_of(result, descriptor, records.offset());
      if (result != RecordReader::Result::record) break;
      ScalarFields scalar;
      if (!decode_scalar(records.record(), scalar) || !builder.add(scalar)) add_event(records);
      if (builder.needs_event()) source.events.push_back(records.record_offset() - kFrameHead);
      stopped = records.offset() - begin >= most && records.offset() < source.seen.size;
    }
    source.offset = records.offset();
    if (source.begun() && ::pread(descriptor, &source.mark, sizeof source.mark, mark_offset(source)) < 0)
      source.mark = 0;
    if (!stopped) source.read = source.seen;
    return static_cast<std::size_t>(source.offset - begin);
  }

  /// Takes what an earlier reader has kept, where the files are still those that it read. Returns whether it did.
  bool go_on_from_cache() {
    std::optional<CachedLog> log = read_cached_log(cache, folder);
    if (!log || log->files.size() > sources.size()) return false;
    for (std::size_t i = 0; i < log->files.size(); ++i)
      if (!go_on_from(std::move(log->files[i]), i)) {
        start_again();
        return false;
      }
    if (!builder.adopt(std::move(log->scalars))) {
      start_again();
      return false;
    }
    kept_bytes = bytes_read();
    return true;
  }

  bool go_on_from(CachedLog::File file, std::size_t place) {
    Source& source = sources[place];
    const Look& now = source.seen;
    // One that has not grown has not changed either; of one that has, its end tells.
    if (source.name != file.name || now.inode != file.inode || now.size < file.size ||
        (now.size == file.size && now.changed_ns != file.changed_ns))
      return false;
    if (file.offset == 0) return true;
    source.offset = file.offset;
    source.mark = file.mark;
    const FileDescriptor descriptor(::open(source.path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!descriptor || written_anew(descriptor.get(), source)) return false;
    builder.begin_file(static_cast<std::uint32_t>(place));
    std::optional<RecordReader> records;
    for (const std::uint64_t offset : file.events) {
      if (!records || records->offset() != offset) records.emplace(descriptor.get(), source.seen.size, offset);
      if (records->next() != RecordReader::Result::record) return false;
      add_event(*records);
    }
    source.events = std::move(file.events);
    return true;
  }

  std::uint64_t bytes_read() const {
    std::uint64_t sum = 0;
    for (const Source& source : sources) sum += source.offset;
    return sum;
  }

  /// Where that spares the next reader much: most of what was read was scalars, and much was read since.
  void keep_in_cache() {
    if (!builder.can_be_adopted()) return;
    const std::uint64_t bytes = bytes_read();
    if (bytes < kept_bytes + kWorthKeeping || bytes < kept_bytes + kept_bytes / 4) return;
    std::uint64_t events = 0;
    CachedLog log;
    for (const Source& source : sources) {
      if (!source.damage.empty()) return;
      events += source.events.size();
      log.files.push_back({source.name, source.seen.inode, source.seen.size, source.seen.changed_ns, source.offset,
                           source.mark, source.events});
    }
    kept_bytes = bytes;
    log.scalars = builder.scalars();
    std::size_t points = 0;
    for (const auto& [name, tag] : log.scalars.tags) points += tag.points.size();
    if (events * kMostEvents > points) return;
    try {
      write_cached_log(cache, folder, log);
    } catch (const Error&) {  // No room, or no right to: the log is read again, then.
    }
  }

  void add_event(const RecordReader& records) {
    if (decode_event(records.record(), event))
      builder.add(event, records.record(), records.record_offset());
    else
      builder.add_undecodable(records.record_offset());
  }

  /// Right after the call that gave `result`. A file that was cut meanwhile is the next poll's matter.
  static std::string damage_of(RecordReader::Result result, int descriptor, std::uint64_t offset) {
    if (result == RecordReader::Result::damaged && offset == 0 && gzipped(descriptor))
      return "it is compressed by gzip, which TensorBoard doesn't read either: unpack it (gunzip)";
    if (result == RecordReader::Result::damaged)
      return "a checksum is wrong: what was logged before it is read, nothing after it; if this is a copy, copy it "
             "again";
    if (result == RecordReader::Result::failed && errno != ESTALE)
      return fmt::format("can't be read: {}", system_error_text(errno));
    return "";
  }

  static bool gzipped(int descriptor) {
    std::array<unsigned char, 2> magic{};
    return ::pread(descriptor, magic.data(), magic.size(), 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
  }

  static off_t mark_offset(const Source& source) { return static_cast<off_t>(source.offset - sizeof source.mark); }

  static bool written_anew(int descriptor, const Source& source) {
    std::uint32_t mark = 0;
    return source.begun() &&
           (::pread(descriptor, &mark, sizeof mark, mark_offset(source)) != sizeof mark || mark != source.mark);
  }

  void publish() {
    // While everything is read again, what was there before stays in sight.
    auto data = std::make_shared<RunData>(rebuilding ? *published : builder.series());
    if (rebuilding) {
      std::erase_if(data->problems, [&](const ReadProblem& problem) { return problem.file == folder.string(); });
    } else {
      data->files.clear();
      for (const Source& source : sources) data->files.push_back(source.path);
      data->problems = problems();
      changed_since_publishing = false;
    }
    if (!folder_problem.empty()) data->problems.push_back({folder.string(), 0, folder_problem});
    data->version = published->version + 1;
    published = std::move(data);
  }

  std::vector<ReadProblem> problems() const {
    std::vector<ReadProblem> all;
    for (const SeriesBuilder::Problem& problem : builder.problems())
      all.push_back({sources.at(problem.file).path, problem.offset,
                     problem.count == 1 ? problem.what : fmt::format("{} ({} times)", problem.what, problem.count)});
    for (const Source& source : sources)
      if (!source.damage.empty()) all.push_back({source.path, source.offset, source.damage});
    return all;
  }

  std::filesystem::path folder, cache;
  bool looked_in_cache = false;
  std::uint64_t kept_bytes = 0;  ///< how much of the files what is in the cache was read from
  std::vector<Source> sources;   ///< in the order of their names
  std::size_t position = 0;      ///< the source that is read next
  SeriesBuilder builder;
  EventFields event;
  std::string folder_problem;
  bool more = false;        ///< not every source has been read to its end
  bool rebuilding = false;  ///< everything is being read again, and not yet to the end
  bool changed_since_publishing = false;
  std::shared_ptr<const RunData> published;
};

RunReader::RunReader(std::filesystem::path folder, std::filesystem::path cache)
    : impl_(std::make_unique<Impl>(std::move(folder), std::move(cache))) {}
RunReader::~RunReader() = default;
RunReader::RunReader(RunReader&&) noexcept = default;
RunReader& RunReader::operator=(RunReader&&) noexcept = default;

bool RunReader::poll(std::size_t max_bytes) { return impl_->poll(max_bytes); }
bool RunReader::more() const { return impl_->more; }
std::shared_ptr<const RunData> RunReader::data() const { return impl_->published; }

}  // namespace ablate
