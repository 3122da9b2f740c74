#include "runs/series.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "runs/atomic_file.h"
#include "runs/error.h"
#include "runs/file_descriptor.h"

namespace ablate {

std::string not_drawn(const RunData& data) {
  std::string words;
  for (const auto& [plugin, tags] : data.plugins)
    words += fmt::format("{}{} ({} {})", words.empty() ? "" : ", ", plugin, tags, tags == 1 ? "tag" : "tags");
  return words;
}

std::string read_image_bytes(const RunData& data, const ImagePoint& image) {
  if (image.file >= data.files.size()) throw Error("an image lies in a file that is not in its run's list of files");
  const std::string& path = data.files[image.file];
  const auto fail = [&](const std::string& what) {
    throw Error(fmt::format("{}: can't read the image at byte {}: {}", path, image.offset, what));
  };
  const FileDescriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor) fail(system_error_text(errno));
  struct stat status {};
  if (::fstat(descriptor.get(), &status) != 0) fail(system_error_text(errno));
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (image.offset > size || image.length > size - image.offset) fail("the file has been cut since it was read");
  std::string bytes(static_cast<std::size_t>(image.length), '\0');
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t got =
        ::pread(descriptor.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(image.offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) fail(got < 0 ? system_error_text(errno) : "the file has been cut since it was read");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

}  // namespace ablate
