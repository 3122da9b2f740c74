#include "runs/requests.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>

#include "runs/atomic_file.h"
#include "runs/error.h"
#include "runs/file_descriptor.h"

namespace ablate {
namespace {

std::filesystem::path file_of(const std::filesystem::path& folder, Request request) {
  return folder / "requests" / (request == Request::stop ? "stop" : "checkpoint");
}

std::filesystem::path lr_file_of(const std::filesystem::path& folder) { return folder / "requests" / "lr"; }

[[noreturn]] void refuse(const std::filesystem::path& file) {
  throw Error(fmt::format("{}: can't leave the request: {}", file.string(), write_error_text(file, errno)));
}

bool make_folder(const std::filesystem::path& folder) { return ::mkdir(folder.c_str(), 0777) == 0 || errno == EEXIST; }

}  // namespace

void request(const std::filesystem::path& folder, Request request) {
  const auto file = file_of(folder, request);
  if (make_folder(file.parent_path()) && FileDescriptor(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666)))
    return;
  refuse(file);
}

bool take_request(const std::filesystem::path& folder, Request request) {
  return ::unlink(file_of(folder, request).c_str()) == 0;
}

LrRequest LrRequest::from_words(std::string_view words) {
  LrRequest asked;
  asked.kind = words.ends_with('x') ? Kind::factor : Kind::rate;
  const std::string_view number = words.substr(0, words.size() - (asked.kind == Kind::factor));
  const auto [end, problem] = std::from_chars(number.data(), number.data() + number.size(), asked.number);
  if (problem == std::errc() && end == number.data() + number.size() && std::isfinite(asked.number) &&
      asked.number > 0 && (asked.kind == Kind::factor || asked.number <= kMostLr))
    return asked;
  throw Error(fmt::format(
      "\"{}\" is no learning rate: write a rate above 0 (1e-4) and at most {:g}, or a factor (0.1x).", words, kMostLr));
}

std::string LrRequest::words() const { return fmt::format("{}{}", number, kind == Kind::factor ? "x" : ""); }

void request_lr(const std::filesystem::path& folder, const LrRequest& asked) {
  const auto file = lr_file_of(folder);
  if (!make_folder(file.parent_path())) refuse(file);
  write_file_atomically(file, std::array<std::string_view, 2>{asked.words(), "\n"});
}

std::optional<LrRequest> take_lr_request(const std::filesystem::path& folder) {
  const auto file = lr_file_of(folder);
  if (::access(file.c_str(), F_OK) != 0) return std::nullopt;
  std::string words = read_file(file).value_or("");
  words.erase(words.find_last_not_of(" \t\r\n") + 1);
  if (words.empty()) return std::nullopt;
  ::unlink(file.c_str());
  try {
    return LrRequest::from_words(words);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", file.string(), error.what()));
  }
}

}  // namespace ablate
