#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace ablate {

/// Follows a run's console.log from its end at the time this is made.
class ConsoleEcho {
 public:
  explicit ConsoleEcho(const std::filesystem::path& run);

  /// Hands over the whole lines that were added since the last call; a line still being written waits.
  void new_lines(const std::function<void(const std::string& line)>& line);

 private:
  std::filesystem::path file_;
  std::uintmax_t read_ = 0;
};

}  // namespace ablate
