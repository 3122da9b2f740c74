#include "runs/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "runs/error.h"
#include "runs/file_descriptor.h"
#include "runs/paths.h"

namespace ablate {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const char* what, int error_number) {
  throw Error(fmt::format("{}: can't {}: {}", file.string(), what, system_error_text(error_number)));
}

void write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw errno;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

std::string system_error_text(int error_number) {
  const std::string text = std::strerror(error_number);
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return text + " (free some space, or choose another place)";
    case EACCES:
    case EPERM:
    case EROFS:
      return text + " (make it accessible, or choose another place)";
    case ENOENT:
      return text + " (was the folder deleted?)";
    case EMFILE:
    case ENFILE:
      return text + " (raise the limit with `ulimit -n`)";
    default:
      return text;
  }
}

std::string write_error_text(const std::filesystem::path& file, int error_number) {
  const std::string text = system_error_text(error_number);
  std::filesystem::path place = std::filesystem::absolute(file);
  std::error_code ignored;
  while (!std::filesystem::exists(place, ignored) && place.has_relative_path()) place = place.parent_path();
  const std::string owner = other_owner(place);
  if (owner.empty() || (error_number != EACCES && error_number != EPERM)) return text;
  return fmt::format("{}. {} is {}'s: ask {} to do it.", text, place.string(), owner, owner);
}

void write_file_atomically(const std::filesystem::path& file, std::span<const std::string_view> pieces) {
  static std::atomic<unsigned> serial{0};
  const std::string beside = fmt::format("{}.{}.{}.tmp", file.string(), ::getpid(), serial++);
  try {
    FileDescriptor descriptor(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!descriptor) throw errno;
    for (std::string_view piece : pieces) write_all(descriptor.get(), piece);
    if (::fsync(descriptor.get()) != 0) throw errno;
    if (descriptor.close() != 0) throw errno;
    if (::rename(beside.c_str(), file.c_str()) != 0) throw errno;
  } catch (int error_number) {
    ::unlink(beside.c_str());
    throw Error(fmt::format("{}: can't write: {}", file.string(), write_error_text(file, error_number)));
  }
  // The new name is durable only once its folder is; some file systems refuse to sync one, and then nothing can be
  // done.
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  FileDescriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor) ::fsync(descriptor.get());
}

std::optional<std::string> read_file(const std::filesystem::path& file) {
  FileDescriptor descriptor(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!descriptor && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (!descriptor) fail(file, "open", errno);
  struct stat status {};
  if (::fstat(descriptor.get(), &status) != 0) fail(file, "read", errno);
  if (!S_ISREG(status.st_mode)) throw Error(fmt::format("{}: not a file", file.string()));
  std::string content(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t got = 0;
  while (got < content.size()) {
    const ssize_t count = ::read(descriptor.get(), content.data() + got, content.size() - got);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(file, "read", errno);
    if (count == 0) break;
    got += static_cast<std::size_t>(count);
  }
  content.resize(got);
  return content;
}

}  // namespace ablate
