// ablate stop RUN and ablate resume RUN.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <thread>

#include "runs/heartbeats.h"
#include "sweeps/launcher.h"
#include "workbench/cli/command.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

/// Acts, and says what was done.
using Act = const char* (*)(const std::filesystem::path& root, const RunInfo& run);

const char* stop(const std::filesystem::path& root, const RunInfo& run) {
  stop_run(root, run);
  return read_run(root, run.folder).status.state == RunState::stopped
             ? "taken out of the queue"
             : "asked to stop; it does so at its next step and leaves a checkpoint";
}

/// A run of another host can go on here once its heartbeat has been silent for long enough; watched for as long as
/// that takes.
const char* resume_watched(const std::filesystem::path& root, const RunInfo& run) {
  RunInfo now = run;
  Heartbeats heartbeats;
  const auto resolve = [&] { heartbeats.resolve(run.id, now.status, Heartbeats::Clock::now()); };
  resolve();
  if (now.status.state == RunState::running && now.status.host != host_name())
    fmt::print(stderr, "{} trains on {}, as its status says; watching its heartbeat for up to {} seconds.\n", run.id,
               now.status.host, Heartbeats::kSilence.count());
  while (now.status.state == RunState::running && now.status.host != host_name() &&
         now.status.heartbeat == run.status.heartbeat) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    now = read_run(root, run.folder);
    resolve();
  }
  resume_run(root, now);
  return "queued; it goes on from its last checkpoint";
}

int act(const Invocation& invocation, const std::string& word, Act what) {
  const RunInfo run = find_run(invocation.root(), word);
  const char* const done = what(invocation.root(), run);
  if (invocation.json) {
    print_json(run_summary(read_run(invocation.root(), run.folder)));
  } else {
    fmt::print("{}: {}\n", run.id, done);
  }
  return 0;
}

void add(CLI::App& app, Invocation& invocation, const char* name, const char* summary, Act what) {
  CLI::App& command = *app.add_subcommand(name, summary);
  const auto word = std::make_shared<std::string>();
  command.add_option("RUN", *word, "An id, a unique beginning of one, a name, or a path")->required();
  add_json_flag(command, invocation);
  command.callback([&invocation, word, what] {
    invocation.action = [&invocation, word, what] { return act(invocation, *word, what); };
  });
}

}  // namespace

void add_stop(CLI::App& app, Invocation& invocation) {
  add(app, invocation, "stop", "Stop a run; it leaves a checkpoint", stop);
}

void add_resume(CLI::App& app, Invocation& invocation) {
  add(app, invocation, "resume", "Go on with a stopped, interrupted or failed run", resume_watched);
}

}  // namespace ablate
