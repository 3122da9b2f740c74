#include "workbench/console_tail.h"

#include <fstream>

namespace ablate {
namespace {

constexpr std::uintmax_t kMostBytes = 64 << 10;

}  // namespace

std::string as_shown(const std::string& raw) {
  std::string text;
  std::size_t line = 0;  // Where the present line begins in `text`.
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char letter = raw[i];
    if (letter == '\x1b' && i + 1 < raw.size() && raw[i + 1] == '[') {
      i += 2;
      while (i < raw.size() && !(raw[i] >= '@' && raw[i] <= '~')) ++i;
    } else if (letter == '\r') {
      if (i + 1 < raw.size() && raw[i + 1] != '\n') text.resize(line);
    } else if (letter == '\t') {
      text += "    ";
    } else if (letter == '\n' || static_cast<unsigned char>(letter) >= ' ') {
      text += letter;
      if (letter == '\n') line = text.size();
    }
  }
  return text;
}

std::shared_ptr<const ConsoleTail> ConsoleReader::read(const std::string& run, const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "console.log";
  std::error_code failure;
  const std::uintmax_t size = std::filesystem::file_size(file, failure);
  const auto written = failure ? std::filesystem::file_time_type{} : std::filesystem::last_write_time(file, failure);
  const std::uintmax_t known = failure ? 0 : size;
  if (tail_ && tail_->run == run && folder_ == folder && size_ == known && written_ == written) return tail_;
  folder_ = folder;
  size_ = known;
  written_ = written;
  auto tail = std::make_shared<ConsoleTail>();
  tail->run = run;
  if (known > 0) {
    std::ifstream stream(file, std::ios::binary);
    tail->cut = known > kMostBytes;
    std::string raw(static_cast<std::size_t>(std::min(known, kMostBytes)), '\0');
    stream.seekg(static_cast<std::streamoff>(known - raw.size()));
    stream.read(raw.data(), static_cast<std::streamsize>(raw.size()));
    raw.resize(static_cast<std::size_t>(stream.gcount()));
    if (tail->cut) raw.erase(0, raw.find('\n') + 1);
    tail->text = as_shown(raw);
  }
  tail_ = std::move(tail);
  return tail_;
}

}  // namespace ablate
