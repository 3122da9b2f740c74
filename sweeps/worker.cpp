#include "sweeps/worker.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "runs/console_log.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/run_store.h"
#include "sweeps/launcher.h"
#include "sweeps/process.h"

namespace ablate {
namespace {

/// How often the kernel's out-of-memory killer has struck on this machine since it started.
std::int64_t oom_kills() {
  std::ifstream statistics("/proc/vmstat");
  std::string name;
  std::int64_t count = 0;
  while (statistics >> name >> count)
    if (name == "oom_kill") return count;
  return 0;
}

/// What its memory depends on, as it was asked for.
std::string asked_for(const std::filesystem::path& run) {
  try {
    const nlohmann::json config = read_json_file(run / "run.json").value().at("config");
    return fmt::format(" It was asked for train.batch_size = {}, model.channels = {} and data.size = {}.",
                       config.at("train").at("batch_size").dump(), config.at("model").at("channels").dump(),
                       config.at("data").at("size").dump());
  } catch (const std::exception&) {  // A run.json that is gone or damaged has told so already.
    return "";
  }
}

std::string reason_of(const Worker& worker, int wait_status) {
  const std::string last = last_console_line(worker.run);
  const std::string words = last.empty() ? "It printed nothing." : fmt::format("Its last words: {}", last);
  const std::string console = fmt::format(" The whole output is in {}.", (worker.run / "console.log").string());
  if (!WIFSIGNALED(wait_status))
    return fmt::format("The worker ended early, with exit code {}. {}{}", WEXITSTATUS(wait_status), words, console);
  const int number = WTERMSIG(wait_status);
  if (number == SIGKILL && oom_kills() > worker.oom_kills_before)
    return fmt::format(
        "The worker was killed, probably because memory ran out: the system's out-of-memory killer struck while it "
        "trained.{} Resume it with fewer runs at once (--slots), or start one with half the train.batch_size, or a "
        "smaller data.size or model.channels.",
        asked_for(worker.run));
  if (number == SIGKILL)
    return "The worker was killed from outside (SIGKILL). Resume it to go on from its last checkpoint." + console;
  return fmt::format("The worker was ended by signal {} (SIG{}: {}). {}{}", number, sigabbrev_np(number),
                     sigdescr_np(number), words, console);
}

void write_end(const std::filesystem::path& run, RunState state, const std::string& reason) {
  RunStatus status = read_status(run).value_or(RunStatus{});
  if (status.state != RunState::running && status.state != RunState::queued) return;
  status.state = state;
  status.error = reason;
  status.ended_seconds = wall_seconds();
  remember_log_sizes(run, status);
  write_status(run, status);
}

}  // namespace

Worker start_worker(const std::filesystem::path& run, int threads, int keep_open, const std::string& gpu) {
  ProcessOptions options;
  options.program = worker_program();
  options.arguments = {"run", run.string()};
  if (threads > 0) options.environment["ABLATE_THREADS"] = std::to_string(threads);
  if (!gpu.empty()) options.environment["CUDA_VISIBLE_DEVICES"] = gpu;
  // It says so itself: a status written here would cost the next run a wait for the disk.
  if (keep_open >= 0) options.environment["ABLATE_LAUNCHER"] = "local";
  options.log = run / "console.log";
  options.keep_open = keep_open;
  options.signals_wait = true;
  Worker worker;
  worker.run = run;
  worker.oom_kills_before = oom_kills();
  worker.process = start_child(options);
  worker.gone = FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, worker.process, 0)));
  return worker;
}

std::optional<int> ended(const Worker& worker) {
  int status = 0;
  const pid_t got = ::waitpid(worker.process, &status, WNOHANG);
  if (got == worker.process) return status;
  if (got < 0 && errno != EINTR)
    throw Error(fmt::format("Lost sight of worker process {} of {}: {}.", worker.process, worker.run.string(),
                            std::strerror(errno)));
  return std::nullopt;
}

void settle(const Worker& worker, int wait_status) {
  if (RunLock::held(worker.run)) return;  // Another process trains it: ours left because of that.
  write_end(worker.run, RunState::failed, reason_of(worker, wait_status));
}

void settle_killed(const std::filesystem::path& run) {
  write_end(run, RunState::stopped,
            "Killed by a second Ctrl-C: what came after the last checkpoint is lost. Resume it to go on from there.");
}

void settle_unstarted(const std::filesystem::path& run, const std::string& reason) {
  write_end(run, RunState::failed, reason);
}

}  // namespace ablate
