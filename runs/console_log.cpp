#include "runs/console_log.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

namespace ablate {

std::string console_tail(const std::filesystem::path& run) {
  std::ifstream console(run / "console.log", std::ios::binary);
  if (!console) return {};
  console.seekg(0, std::ios::end);
  const auto size = static_cast<std::streamoff>(console.tellg());
  console.seekg(std::max<std::streamoff>(0, size - 4096));
  return {std::istreambuf_iterator<char>(console), {}};
}

std::string last_console_line(const std::filesystem::path& run) {
  std::istringstream console(console_tail(run));
  std::string line, last;
  while (std::getline(console, line))
    if (line.find_first_not_of(" \t\r") != std::string::npos) last = line;
  return last;
}

}  // namespace ablate
