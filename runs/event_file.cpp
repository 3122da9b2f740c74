#include "runs/event_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <ctime>

#include "runs/atomic_file.h"
#include "runs/error.h"
#include "runs/record_file.h"
#include "runs/run_status.h"

namespace ablate {
namespace {

constexpr std::string_view kPrefix = "events.out.tfevents.";

/// The number behind `kPrefix`; 0 for a name of another form.
std::int64_t seconds_in(std::string_view name) {
  std::int64_t seconds = 0;
  if (name.starts_with(kPrefix)) std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), seconds);
  return seconds;
}

/// Now, or a second after the newest file there where clocks disagree or a segment was that short.
std::int64_t seconds_behind_all(const std::filesystem::path& folder) {
  std::int64_t seconds = std::time(nullptr);
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::int64_t theirs = seconds_in(entry->path().filename().string());
    if (theirs < 10'000'000'000) seconds = std::max(seconds, theirs + 1);
  }
  return seconds;
}

}  // namespace

EventFile::EventFile(const std::filesystem::path& folder) {
  const std::string host = host_name();
  for (int n = 0;; ++n) {
    path_ = folder / fmt::format("{}{:010}.{}.{}.{}", kPrefix, seconds_behind_all(folder), host, ::getpid(), n);
    descriptor_ = FileDescriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666));
    if (descriptor_) return;
    if (errno != EEXIST) fail(errno);
  }
}

void EventFile::append(std::string_view frames) {
  std::size_t done = 0;
  int error_number = 0;
  while (done < frames.size() && error_number == 0) {
    const ssize_t written = ::write(descriptor_.get(), frames.data() + done, frames.size() - done);
    if (written >= 0)
      done += static_cast<std::size_t>(written);
    else if (errno != EINTR)
      error_number = errno;
  }
  if (error_number != 0) {
    std::size_t whole = 0;
    for (;;) {
      std::uint64_t length;
      if (done - whole < kFrameHead) break;
      std::memcpy(&length, frames.data() + whole, sizeof length);
      if (done - whole < kFrameHead + length + kFrameFoot) break;
      whole += kFrameHead + length + kFrameFoot;
    }
    // Where even this fails, readers take what is left of the frame for one that is not yet complete.
    if (::ftruncate(descriptor_.get(), static_cast<off_t>(size_ + whole)) != 0) fail(error_number);
    fail(error_number);
  }
  size_ += frames.size();
  struct stat status {};
  if (::fstat(descriptor_.get(), &status) == 0 && status.st_nlink == 0) fail(ENOENT);
}

void EventFile::sync() {
  if (::fsync(descriptor_.get()) != 0) fail(errno);
}

void EventFile::fail(int error_number) const {
  throw Error(fmt::format("{}: can't write events: {}. What was logged before it remains readable.", path_.string(),
                          system_error_text(error_number)));
}

}  // namespace ablate
