#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "viewers/panel.h"

namespace ablate {

/// Follows the end of one console.log. One thread.
class ConsoleReader {
 public:
  /// The last 64 KiB of whole lines of `folder`/console.log, as a terminal would show them: without colours, and of a
  /// line that was written over and over only its last state. The same pointer as before while nothing has changed.
  std::shared_ptr<const ConsoleTail> read(const std::string& run, const std::filesystem::path& folder);

 private:
  std::filesystem::path folder_;
  std::uintmax_t size_ = 0;
  std::filesystem::file_time_type written_;
  std::shared_ptr<const ConsoleTail> tail_;
};

/// What a terminal would show of `raw`.
std::string as_shown(const std::string& raw);

}  // namespace ablate
