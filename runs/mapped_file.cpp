#include "runs/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "runs/atomic_file.h"
#include "runs/error.h"
#include "runs/file_descriptor.h"

namespace ablate {

MappedFile map_file(const std::filesystem::path& file) {
  const auto fail = [&](int error_number) {
    throw Error(fmt::format("{}: can't read: {}", file.string(), system_error_text(error_number)));
  };
  FileDescriptor descriptor(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!descriptor) fail(errno);
  struct stat status {};
  if (::fstat(descriptor.get(), &status) != 0) fail(errno);
  if (!S_ISREG(status.st_mode)) throw Error(fmt::format("{}: not a file", file.string()));
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) throw Error(fmt::format("{}: the file is empty. Copy or download it again", file.string()));
  void* const address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor.get(), 0);
  if (address == MAP_FAILED) fail(errno);
  return {std::shared_ptr<const std::byte>(static_cast<const std::byte*>(address),
                                           [size, address](const std::byte*) { ::munmap(address, size); }),
          size};
}

}  // namespace ablate
