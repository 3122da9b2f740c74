// ablate priority RUN N: when a run that waits has its turn.
#include <fmt/format.h>

#include <memory>

#include "sweeps/launcher.h"
#include "workbench/cli/command.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

int set_priority(const Invocation& invocation, const std::string& word, int priority) {
  const RunInfo run = find_run(invocation.root(), word);
  if (!LocalQueue(invocation.root()).set_priority(run.folder, priority))
    throw Error(fmt::format("{} does not wait in this machine's queue: it is {}.", run.id, name_of(run.status.state)));
  if (invocation.json)
    print_json(run_summary(run));
  else
    fmt::print("{}: priority {}\n", run.id, priority);
  return 0;
}

}  // namespace

void add_priority(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("priority", "Let a run that waits start before others, or after them");
  const auto word = std::make_shared<std::string>();
  const auto priority = std::make_shared<int>(0);
  command.add_option("RUN", *word, "An id, a unique beginning of one, a name, or a path")->required();
  command.add_option("N", *priority, "Higher ones start first; 0 unless told")
      ->required()
      ->check(CLI::Range(-kMostPriority, kMostPriority));
  add_json_flag(command, invocation);
  command.callback([&invocation, word, priority] {
    invocation.action = [&invocation, word, priority] { return set_priority(invocation, *word, *priority); };
  });
}

}  // namespace ablate
