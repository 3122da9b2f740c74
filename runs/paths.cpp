#include "runs/paths.h"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <string_view>

#include "runs/crc32c.h"
#include "runs/error.h"

namespace ablate {

std::filesystem::path plain_path(const std::filesystem::path& path) {
  return (std::filesystem::absolute(path) / "").lexically_normal().parent_path();
}

std::filesystem::path folder_of_user(const char* variable, const char* below_home) {
  if (const char* folder = std::getenv(variable); folder && *folder) return std::filesystem::path(folder) / "ablate";
  if (const char* home = std::getenv("HOME"); home && *home) return std::filesystem::path(home) / below_home / "ablate";
  return {};
}

std::string path_key(const std::filesystem::path& folder) {
  const std::string path = plain_path(folder).string();
  return fmt::format("{:08x}{:08x}", crc32c(path), crc32c(std::string(path.rbegin(), path.rend())));
}

std::string shell_word(const std::string& text) {
  const auto is_plain = [](unsigned char c) {
    return std::isalnum(c) || c >= 0x80 ||
           std::string_view("_-./+:,@%=").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!text.empty() && std::ranges::all_of(text, is_plain)) return text;
  std::string quoted = "'";
  for (const char letter : text) quoted += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  return quoted + "'";
}

bool is_there(const std::filesystem::path& path) {
  std::error_code failed;
  const bool there = std::filesystem::exists(path, failed);
  if (failed && failed != std::errc::not_a_directory)
    throw Error(
        fmt::format("{} can't be looked at: {}. Ask its owner for permission, or choose another folder of runs "
                    "(--runs).",
                    path.string(), failed.message()));
  return there;
}

std::string other_owner(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || status.st_uid == ::geteuid()) return "";
  passwd entry{}, *owner = nullptr;
  std::array<char, 16384> text{};
  ::getpwuid_r(status.st_uid, &entry, text.data(), text.size(), &owner);
  return owner ? owner->pw_name : std::to_string(status.st_uid);
}

}  // namespace ablate
