#include "sweeps/run_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <string_view>

#include "runs/error.h"
#include "runs/file_descriptor.h"

namespace ablate {
namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw Error(fmt::format("Can't make a pipe: {}.", std::strerror(errno)));
    reading = FileDescriptor(ends[0]);
    writing = FileDescriptor(ends[1]);
  }
  FileDescriptor reading, writing;
};

int reaped(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

CommandOutput run_command(const std::vector<std::string>& words, std::chrono::milliseconds patience) {
  Pipe out, err;
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out.writing.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err.writing.get(), STDERR_FILENO);
  pid_t child = 0;
  const int problem = ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (problem != 0) throw Error(fmt::format("Can't start {}: {}.", words[0], std::strerror(problem)));
  out.writing.close();
  err.writing.close();

  const auto deadline = std::chrono::steady_clock::now() + patience;
  CommandOutput output;
  std::array<pollfd, 2> open{{{out.reading.get(), POLLIN, 0}, {err.reading.get(), POLLIN, 0}}};
  const std::array<std::string*, 2> into{&output.out, &output.err};
  while (open[0].fd >= 0 || open[1].fd >= 0) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) {
      ::kill(child, SIGKILL);
      reaped(child);
      throw Error(fmt::format("{} gave no answer within {} seconds.", words[0],
                              std::chrono::duration<double>(patience).count()));
    }
    if (::poll(open.data(), open.size(), static_cast<int>(left)) <= 0) continue;
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (open[i].revents == 0) continue;
      std::array<char, 4096> buffer;
      const ssize_t got = ::read(open[i].fd, buffer.data(), buffer.size());
      if (got > 0)
        into[i]->append(buffer.data(), static_cast<std::size_t>(got));
      else if (got == 0 || errno != EINTR)
        open[i].fd = -1;  // Which poll leaves out.
    }
  }
  output.exit_code = reaped(child);
  return output;
}

bool on_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (::access((std::filesystem::path(folder) / program).c_str(), X_OK) == 0) return true;
  return false;
}

}  // namespace ablate
