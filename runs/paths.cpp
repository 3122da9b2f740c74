#include "runs/paths.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

namespace ablate {

std::filesystem::path plain_path(const std::filesystem::path& path) {
  return (std::filesystem::absolute(path) / "").lexically_normal().parent_path();
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
