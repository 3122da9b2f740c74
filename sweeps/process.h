#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace ablate {

/// The program `name` beside this one, or the one that `variable` of the environment names. Throws Error when it is not
/// there or can't be run.
std::filesystem::path program_beside(const std::string& name, const char* variable);

/// A program to be started in a session of its own, so that it outlives its starter and no Ctrl-C of the starter's
/// terminal reaches it; standard input is empty, signals are as a fresh program expects them.
struct ProcessOptions {
  std::filesystem::path program;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  ///< laid over the starter's
  std::filesystem::path log;                       ///< standard output and error are appended here
  int keep_open = -1;                              ///< a descriptor that it inherits (a lock)
  bool signals_wait = false;  ///< SIGINT and SIGTERM reach it once it unblocks them: not while its libraries load
};

/// Starts it as a child: the caller must wait for it (waitpid). Throws Error when it can't be started.
pid_t start_child(const ProcessOptions& options);

/// Starts it as nobody's child. Throws Error when it can't be started.
void start_detached(const ProcessOptions& options);

enum class ErrorsGo { where_ours_go, with_output };

/// Runs a program in the foreground of our terminal until it ends, handing over each line of its standard output. It
/// gets SIGTERM where it is stopped. Returns how it ended, as waitpid says it. Throws Error when it can't be started.
int read_lines(const std::filesystem::path& program, const std::vector<std::string>& arguments,
               const std::function<void(const std::string& line)>& line, const std::stop_token& stop = {},
               ErrorsGo errors = ErrorsGo::where_ours_go);

}  // namespace ablate
