#include "runs/run_lock.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

#include "runs/atomic_file.h"
#include "runs/error.h"

namespace ablate {
namespace {

// Open-file-description locks (fcntl(2)): unlike flock they can be asked about without being taken, and unlike
// POSIX record locks they are not lost when some other descriptor of the same file is closed.
struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

FileDescriptor open_lock_file(const std::filesystem::path& file) {
  FileDescriptor descriptor(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!descriptor)
    throw Error(fmt::format("{}: can't open the lock: {}", file.string(), write_error_text(file, errno)));
  return descriptor;
}

}  // namespace

std::optional<RunLock> RunLock::try_acquire(const std::filesystem::path& folder) {
  FileDescriptor descriptor = open_lock_file(folder / ".lock");
  struct flock lock = whole_file();
  if (::fcntl(descriptor.get(), F_OFD_SETLK, &lock) == 0) return RunLock(std::move(descriptor));
  if (errno == EAGAIN || errno == EACCES) return std::nullopt;
  throw Error(fmt::format("{}: can't lock: {}", (folder / ".lock").string(), system_error_text(errno)));
}

bool RunLock::held(const std::filesystem::path& folder) {
  FileDescriptor descriptor(::open((folder / ".lock").c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor) return false;
  struct flock lock = whole_file();
  return ::fcntl(descriptor.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

RunLock::RunLock(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {}

FileLock::FileLock(const std::filesystem::path& file) : descriptor_(open_lock_file(file)) {
  struct flock lock = whole_file();
  while (::fcntl(descriptor_.get(), F_OFD_SETLKW, &lock) != 0)
    if (errno != EINTR) throw Error(fmt::format("{}: can't lock: {}", file.string(), system_error_text(errno)));
}

}  // namespace ablate
