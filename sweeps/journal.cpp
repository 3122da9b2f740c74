#include "sweeps/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <optional>
#include <thread>

#include "runs/atomic_file.h"
#include "runs/error.h"
#include "runs/file_descriptor.h"
#include "runs/json_file.h"
#include "runs/run_lock.h"
#include "runs/run_status.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// How long Optuna leaves a lock alone that does not change.
constexpr auto kGrace = std::chrono::seconds(30);
/// After so long a person is told what is waited for.
constexpr auto kSilence = std::chrono::seconds(3);

[[noreturn]] void cannot(const char* what, const fs::path& file) {
  throw Error(fmt::format("{}: can't {}: {}", file.string(), what, write_error_text(file, errno)));
}

/// Optuna's JournalFileSymlinkLock, held for as long as this exists.
class JournalLock {
 public:
  explicit JournalLock(const fs::path& journal)
      : link_(journal.string() + ".lock"),
        ours_(journal.string() + fmt::format(".{}.lock", host_name())),
        alone_(ours_) {
    struct stat seen {};
    Clock::time_point since = Clock::now(), tell = since + kSilence;
    for (auto pause = std::chrono::milliseconds(1);; pause = std::min(2 * pause, std::chrono::milliseconds(200))) {
      // Others look at the age of what the link points to.
      ::utimensat(AT_FDCWD, ours_.c_str(), nullptr, 0);
      if (::symlink(ours_.filename().c_str(), link_.c_str()) == 0) return;
      if (errno != EEXIST) cannot("lock it", link_);
      // Of this host's only whoever has `alone_` makes such a link, and that is us: its maker is dead.
      if (is_ours()) {
        release();
        continue;
      }
      struct stat now {};
      if (::lstat(link_.c_str(), &now) == 0) {
        const bool same = now.st_ino == seen.st_ino && now.st_mtim.tv_sec == seen.st_mtim.tv_sec &&
                          now.st_mtim.tv_nsec == seen.st_mtim.tv_nsec;
        if (!same) since = Clock::now();
        seen = now;
        if (Clock::now() - since > kGrace) {
          release();
          seen = {};
        }
      }
      if (Clock::now() > tell) {
        fmt::print(
            stderr,
            "Waiting for {}: somebody else holds the journal. If it does not change for {} s it is taken away.\n",
            link_.string(), kGrace.count());
        tell = Clock::time_point::max();
      }
      std::this_thread::sleep_for(pause);
    }
  }
  ~JournalLock() {
    if (is_ours()) release();  // Not one of somebody who took ours for abandoned.
  }
  JournalLock(const JournalLock&) = delete;
  JournalLock& operator=(const JournalLock&) = delete;

 private:
  /// The link stands beside what it points to: so it does wherever another host has the folder.
  bool is_ours() const {
    std::error_code gone;
    return fs::read_symlink(link_, gone) == ours_.filename();
  }

  /// Renamed first, so that of two that break a lock one does.
  void release() const {
    const std::string aside = fmt::format("{}{}-{}.rename", link_.string(), host_name(), ::getpid());
    if (::rename(link_.c_str(), aside.c_str()) == 0) ::unlink(aside.c_str());
  }

  fs::path link_, ours_;
  FileLock alone_;
};

/// Where the last line that has its end ends.
off_t end_of_lines(int descriptor, off_t size, const fs::path& file) {
  char block[4096];
  while (size > 0) {
    const auto length = static_cast<std::size_t>(std::min<off_t>(size, sizeof block));
    if (::pread(descriptor, block, length, size - static_cast<off_t>(length)) != static_cast<ssize_t>(length))
      cannot("read it", file);
    if (const std::size_t end = std::string_view(block, length).rfind('\n'); end != std::string_view::npos)
      return size - static_cast<off_t>(length - end - 1);
    size -= static_cast<off_t>(length);
  }
  return 0;
}

/// How many bytes of a line stand before a whole record: of one that was cut, and the next one glued to it.
std::optional<std::size_t> length_of_torn_part(const std::string& line) {
  for (std::size_t at = line.find('{', 1); at != std::string::npos; at = line.find('{', at + 1)) {
    try {
      if (parse_python_json(std::string_view(line).substr(at), "").contains("op_code")) return at;
    } catch (const std::exception&) {  // It begins elsewhere.
    }
  }
  return std::nullopt;
}

[[noreturn]] void refuse_line(const fs::path& file, std::int64_t number, const std::string& line,
                              const std::string& why) {
  if (const auto torn = length_of_torn_part(line))
    throw Error(fmt::format(
        "{}, line {}, was cut, by a crash or a full disk, and the next record was glued to it. Remove its first "
        "{} bytes (keep a copy): what they were is lost.",
        file.string(), number, *torn));
  if (number == 1)
    throw Error(
        fmt::format("{} is no journal of Optuna's: its first line is no record of one ({}). Put one back from a copy.",
                    file.string(), why));
  throw Error(
      fmt::format("{}, line {}, can't be understood ({}). Put the journal back from a copy, or remove the line (keep a "
                  "copy): what it said is lost.",
                  file.string(), number, why));
}

}  // namespace

Journal::Journal(fs::path file) : file_(std::move(file)) {
  if (!FileDescriptor(::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) &&
      !FileDescriptor(::open(file_.c_str(), O_RDONLY | O_CLOEXEC)))
    cannot("open it", file_);
  sync();
}

bool Journal::sync() {
  std::error_code absent;
  const std::uintmax_t size = fs::file_size(file_, absent);
  if (!absent && size == read_) return false;
  std::ifstream stream(file_, std::ios::binary);
  if (!stream) cannot("read it", file_);
  if (size < read_)
    throw Error(fmt::format("{} became shorter while it was read: {} bytes after {}. Put it back from a copy.",
                            file_.string(), size, read_));
  stream.seekg(static_cast<std::streamoff>(read_));
  bool anything = false;
  for (std::string line; std::getline(stream, line) && !stream.eof(); anything = true) {
    try {
      replay_.apply(parse_python_json(line, "it"));
    } catch (const std::exception& error) {
      refuse_line(file_, line_ + 1, line, error.what());
    }
    read_ += line.size() + 1;
    ++line_;
  }
  return anything;
}

void Journal::update(const std::function<std::vector<journal::Record>(const JournalReplay&)>& change) {
  const JournalLock lock(file_);
  sync();
  std::string lines;
  for (const journal::Record& record : change(replay_)) lines += python_json_text(record) + "\n";
  if (lines.empty()) return;
  const FileDescriptor file(::open(file_.c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
  struct stat now {};
  if (!file || ::fstat(file.get(), &now) != 0) cannot("open it", file_);
  const off_t end = end_of_lines(file.get(), now.st_size, file_);
  if (end != now.st_size && ::ftruncate(file.get(), end) != 0) cannot("cut its torn last line", file_);
  // A full disk is found out before anybody can read a part. Some file systems can't tell.
  if (::fallocate(file.get(), FALLOC_FL_KEEP_SIZE, end, static_cast<off_t>(lines.size())) != 0 && errno == ENOSPC)
    cannot("append to it", file_);
  const ssize_t written = ::write(file.get(), lines.data(), lines.size());
  if (written != static_cast<ssize_t>(lines.size()) || ::fsync(file.get()) != 0) {
    const int reason = written < 0 ? errno : ENOSPC;
    if (::ftruncate(file.get(), end) != 0) cannot("take back what was half written", file_);
    errno = reason;
    cannot("append to it", file_);
  }
  sync();
}

}  // namespace ablate
