#pragma once

#include <filesystem>
#include <string>

namespace ablate {

/// The last line of `<run>/console.log` that says something; empty when there is none.
std::string last_console_line(const std::filesystem::path& run);

}  // namespace ablate
