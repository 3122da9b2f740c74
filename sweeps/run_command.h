#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace ablate {

/// What a program printed, and how it ended.
struct CommandOutput {
  int exit_code = 0;  ///< 128 + signal where one ended it
  std::string out, err;
};

/// Runs a program of the PATH with empty standard input, and waits for it: `words` are its name and arguments. One that
/// takes longer than `patience` is killed. Throws Error where it is not there, or was killed for that.
CommandOutput run_command(const std::vector<std::string>& words, std::chrono::milliseconds patience);

/// Whether a program of this name is on the PATH.
bool on_path(const std::string& program);

}  // namespace ablate
