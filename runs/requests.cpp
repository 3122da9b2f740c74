#include "runs/requests.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "runs/atomic_file.h"
#include "runs/error.h"
#include "runs/file_descriptor.h"

namespace ablate {
namespace {

std::filesystem::path file_of(const std::filesystem::path& folder, Request request) {
  return folder / "requests" / (request == Request::stop ? "stop" : "checkpoint");
}

}  // namespace

void request(const std::filesystem::path& folder, Request request) {
  const auto file = file_of(folder, request);
  const bool made = ::mkdir(file.parent_path().c_str(), 0777) == 0 || errno == EEXIST;
  if (made && FileDescriptor(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666))) return;
  throw Error(fmt::format("{}: can't leave the request: {}", file.string(), system_error_text(errno)));
}

bool take_request(const std::filesystem::path& folder, Request request) {
  return ::unlink(file_of(folder, request).c_str()) == 0;
}

}  // namespace ablate
