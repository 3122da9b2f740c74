// ablate lr RUN LR: another learning rate for a run in training.
#include <fmt/format.h>

#include <memory>

#include "sweeps/launcher.h"
#include "workbench/cli/command.h"
#include "workbench/cli/configuration.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

int change(const Invocation& invocation, const std::string& word, const std::string& rate) {
  const LrRequest asked = as_usage([&] { return LrRequest::from_words(rate); });
  const RunInfo run = find_run(invocation.root(), word);
  change_lr(invocation.root(), run, asked);
  if (invocation.json)
    print_json(run_summary(read_run(invocation.root(), run.folder)));
  else
    fmt::print("{}: asked for the learning rate {}; its next step takes it\n", run.id, asked.words());
  return 0;
}

}  // namespace

void add_lr(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("lr", "Give a run in training another learning rate");
  struct Words {
    std::string run, rate;
  };
  const auto words = std::make_shared<Words>();
  command.add_option("RUN", words->run, "An id, a unique beginning of one, a name, or a path")->required();
  command
      .add_option("LR", words->rate,
                  "A rate (1e-4), or a factor of what it is (0.1x); the schedule goes on in proportion")
      ->required();
  add_json_flag(command, invocation);
  command.callback([&invocation, words] {
    invocation.action = [&invocation, words] { return change(invocation, words->run, words->rate); };
  });
}

}  // namespace ablate
