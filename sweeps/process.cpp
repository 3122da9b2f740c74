#include "sweeps/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "runs/error.h"
#include "runs/file_descriptor.h"

namespace ablate {
namespace {

enum class Bond { child, detached };

/// Everything a forked process needs, laid out before the fork: after it only async-signal-safe calls are allowed,
/// since the starter may have threads (the window has).
struct Prepared {
  std::vector<std::string> text;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  int log = -1;
  int null = -1;
  int keep_open = -1;
  sigset_t blocked{};
};

[[noreturn]] void become(const Prepared& prepared, const char* program, int report) {
  struct sigaction fresh {};
  fresh.sa_handler = SIG_DFL;
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) ::sigaction(number, &fresh, nullptr);
  ::sigprocmask(SIG_SETMASK, &prepared.blocked, nullptr);
  ::dup2(prepared.null, STDIN_FILENO);
  ::dup2(prepared.log, STDOUT_FILENO);
  ::dup2(prepared.log, STDERR_FILENO);
  // Libraries of a window (X11, GL) leave descriptors open that a worker must not keep alive.
  ::close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
  if (prepared.keep_open >= 0) ::fcntl(prepared.keep_open, F_SETFD, 0);
  ::execve(program, prepared.arguments.data(), prepared.environment.data());
  const int reason = errno;
  [[maybe_unused]] const auto written = ::write(report, &reason, sizeof reason);
  ::_exit(127);
}

Prepared prepare(const ProcessOptions& options) {
  Prepared prepared;
  prepared.text.push_back(options.program.string());
  prepared.text.insert(prepared.text.end(), options.arguments.begin(), options.arguments.end());
  const std::size_t argument_count = prepared.text.size();
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view whole = *entry;
    if (!options.environment.contains(std::string(whole.substr(0, whole.find('='))))) prepared.text.emplace_back(whole);
  }
  for (const auto& [name, value] : options.environment) prepared.text.push_back(name + "=" + value);
  for (std::size_t i = 0; i < prepared.text.size(); ++i)
    (i < argument_count ? prepared.arguments : prepared.environment).push_back(prepared.text[i].data());
  prepared.arguments.push_back(nullptr);
  prepared.environment.push_back(nullptr);
  prepared.keep_open = options.keep_open;
  sigemptyset(&prepared.blocked);
  if (options.signals_wait)
    for (const int number : {SIGINT, SIGTERM}) sigaddset(&prepared.blocked, number);
  prepared.log = ::open(options.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (prepared.log < 0)
    throw Error(
        fmt::format("Can't write {}: {}. Check that the folder exists, may be written, and that the disk is not full.",
                    options.log.string(), std::strerror(errno)));
  prepared.null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  return prepared;
}

pid_t start(const ProcessOptions& options, Bond bond) {
  const Prepared prepared = prepare(options);
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) throw Error(fmt::format("Can't make a pipe: {}.", std::strerror(errno)));
  // What comes before the child is what it is to become waits until then.
  sigset_t ours, before;
  sigemptyset(&ours);
  for (const int number : {SIGINT, SIGTERM}) sigaddset(&ours, number);
  ::pthread_sigmask(SIG_BLOCK, &ours, &before);
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    if (bond == Bond::detached) {
      const pid_t grandchild = ::fork();
      if (grandchild != 0) ::_exit(grandchild < 0 ? 127 : 0);
    }
    become(prepared, options.program.c_str(), report[1]);
  }
  const int fork_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  for (const int descriptor : {report[1], prepared.log, prepared.null}) ::close(descriptor);
  if (child < 0) {
    ::close(report[0]);
    throw Error(fmt::format("Can't start {}: {}. Close other programs, or raise the limit of processes (ulimit -u).",
                            options.program.string(), std::strerror(fork_error)));
  }
  int status = 0;
  if (bond == Bond::detached)
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
  int reason = 0;
  ssize_t got = 0;
  while ((got = ::read(report[0], &reason, sizeof reason)) < 0 && errno == EINTR) {
  }
  ::close(report[0]);
  if (got == 0) return child;  // Closed by a successful exec.
  if (bond == Bond::child)
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
  throw Error(fmt::format("Can't start {}: {}.", options.program.string(), std::strerror(reason)));
}

}  // namespace

std::filesystem::path program_beside(const std::string& name, const char* variable) {
  const char* named = std::getenv(variable);
  std::filesystem::path program;
  if (named != nullptr && *named != '\0') {
    program = std::filesystem::absolute(named);
  } else {
    std::error_code failed;
    program = std::filesystem::read_symlink("/proc/self/exe", failed).parent_path() / name;
  }
  if (::access(program.c_str(), X_OK) != 0)
    throw Error(fmt::format("The program {} is not at {}: {}. Build it (make), or let ${} name it.", name,
                            program.string(), std::strerror(errno), variable));
  return program;
}

pid_t start_child(const ProcessOptions& options) { return start(options, Bond::child); }

void start_detached(const ProcessOptions& options) { start(options, Bond::detached); }

int read_lines(const std::filesystem::path& program, const std::vector<std::string>& arguments,
               const std::function<void(const std::string& line)>& line, const std::stop_token& stop, ErrorsGo errors) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw Error(fmt::format("Can't make a pipe: {}.", std::strerror(errno)));
  FileDescriptor reading(ends[0]), writing(ends[1]);
  std::vector<std::string> text = {program.string()};
  text.insert(text.end(), arguments.begin(), arguments.end());
  std::vector<char*> words;
  for (std::string& word : text) words.push_back(word.data());
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, writing.get(), STDOUT_FILENO);
  if (errors == ErrorsGo::with_output) ::posix_spawn_file_actions_adddup2(&actions, writing.get(), STDERR_FILENO);
  pid_t child = 0;
  const int problem = ::posix_spawn(&child, program.c_str(), &actions, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  writing.close();
  if (problem != 0) throw Error(fmt::format("Can't start {}: {}.", program.string(), std::strerror(problem)));
  const auto wait = [child] {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
  };
  try {
    const std::stop_callback stopping(stop, [child] { ::kill(child, SIGTERM); });
    std::string pending;
    std::array<char, 4096> buffer;
    for (ssize_t got = 0; (got = ::read(reading.get(), buffer.data(), buffer.size())) != 0;) {
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw Error(fmt::format("Can't read what {} prints: {}.", program.string(), std::strerror(errno)));
      pending.append(buffer.data(), static_cast<std::size_t>(got));
      for (std::size_t end = 0; (end = pending.find('\n')) != std::string::npos; pending.erase(0, end + 1))
        line(pending.substr(0, end));
    }
    if (!pending.empty()) line(pending);
  } catch (...) {
    reading.close();  // So that it does not wait for us to read on.
    ::kill(child, SIGTERM);
    wait();
    throw;
  }
  return wait();
}

}  // namespace ablate
