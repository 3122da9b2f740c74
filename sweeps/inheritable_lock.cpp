#include "sweeps/inheritable_lock.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "runs/atomic_file.h"
#include "runs/error.h"

namespace ablate {
namespace {

// An open-file-description lock (fcntl(2)): it belongs to what a child inherits, not to a process.
struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

std::optional<InheritableLock> InheritableLock::try_acquire(const std::filesystem::path& file) {
  FileDescriptor descriptor(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  struct flock lock = whole_file();
  if (descriptor && ::fcntl(descriptor.get(), F_OFD_SETLK, &lock) == 0) return InheritableLock(std::move(descriptor));
  if (descriptor && (errno == EAGAIN || errno == EACCES)) return std::nullopt;
  throw Error(fmt::format("{}: can't lock: {}", file.string(), write_error_text(file, errno)));
}

bool InheritableLock::held(const std::filesystem::path& file) {
  const FileDescriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct flock lock = whole_file();
  return descriptor && ::fcntl(descriptor.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace ablate
