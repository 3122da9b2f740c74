#pragma once

#include <filesystem>
#include <string>

namespace ablate {

/// The last 4 kB of `<run>/console.log`; empty when there is none.
std::string console_tail(const std::filesystem::path& run);

/// The last line of `<run>/console.log` that says something; empty when there is none.
std::string last_console_line(const std::filesystem::path& run);

}  // namespace ablate
