#include "workbench/cli/console_echo.h"

#include <fstream>

namespace ablate {

ConsoleEcho::ConsoleEcho(const std::filesystem::path& run) : file_(run / "console.log") {
  std::error_code not_there;
  const std::uintmax_t size = std::filesystem::file_size(file_, not_there);
  if (!not_there) read_ = size;
}

void ConsoleEcho::new_lines(const std::function<void(const std::string& line)>& line) {
  std::ifstream console(file_, std::ios::binary);
  console.seekg(static_cast<std::streamoff>(read_));
  for (std::string text; std::getline(console, text) && !console.eof(); read_ += text.size() + 1) line(text);
}

}  // namespace ablate
