#include "runs/paths.h"

namespace ablate {

std::filesystem::path plain_path(const std::filesystem::path& path) {
  return (std::filesystem::absolute(path) / "").lexically_normal().parent_path();
}

}  // namespace ablate
