// ablate stop RUN.
#include <fmt/format.h>

#include <memory>

#include "sweeps/launcher.h"
#include "sweeps/slurm_options.h"
#include "workbench/cli/command.h"
#include "workbench/cli/launcher_options.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

int stop(const Invocation& invocation, const std::string& word) {
  const RunInfo run = find_run_up_to_date(invocation.root(), word);
  stop_run(invocation.root(), run);
  const RunInfo now = read_run(invocation.root(), run.folder);
  if (invocation.json)
    print_json(run_summary(now));
  else
    fmt::print("{}: {}\n", run.id,
               now.status.state == RunState::stopped ? "taken out of the queue"
               : awaits_another_user(run) ? "another user has submitted it to Slurm; it stops as soon as its job begins"
                                          : "asked to stop; it does so at its next step");
  return 0;
}

}  // namespace

void add_stop(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("stop", "Stop a run; it leaves a checkpoint");
  const auto word = std::make_shared<std::string>();
  command.add_option("RUN", *word, "An id, a unique beginning of one, a name, or a path")->required();
  add_json_flag(command, invocation);
  command.callback(
      [&invocation, word] { invocation.action = [&invocation, word] { return stop(invocation, *word); }; });
}

}  // namespace ablate
