// ablate train [-s KEY=VALUE…]: one run in the foreground.
#include <fmt/format.h>

#include <memory>

#include "experiments/experiment.h"
#include "sweeps/launcher.h"
#include "workbench/cli/command.h"
#include "workbench/cli/configuration.h"
#include "workbench/cli/console_echo.h"
#include "workbench/cli/output.h"
#include "workbench/cli/progress.h"

namespace ablate {
namespace {

struct TrainOptions {
  std::vector<std::string> assignments;
  std::string name = "run";
};

int train(const Invocation& invocation, const TrainOptions& options) {
  const Variant variant{options.name, config_of(options.assignments)};
  check_data(variant.config);
  worker_program();  // Before the folder is made.
  const std::filesystem::path root = invocation.root();
  const std::filesystem::path folder = create_run(root, options.name, run_json(variant, ""));
  fmt::print(stderr, "{}\n", folder.string());
  Progress progress(root, {folder});
  ConsoleEcho console(folder);
  run_in_foreground(folder, [&] {
    console.new_lines([&](const std::string& line) { progress.say(line); });
    if (progress.on_terminal()) progress.update();  // Else the worker's own lines tell enough.
  });
  const RunInfo run = read_run(root, folder);
  if (invocation.json) {
    nlohmann::json document = run_summary(run);
    for (const auto& [tag, value] : last_values(run)) document["metrics"][tag] = json_number(value);
    print_json(document);
  }
  if (run.status.state == RunState::completed) return 0;
  const std::string words = run.status.error.empty() ? fmt::format("stopped at step {}; \"ablate resume {}\" goes on",
                                                                   run.status.step, run.id)
                                                     : run.status.error;
  fmt::print(stderr, "ablate: {}: {}\n", name_of(run.status.state), words);
  return 1;
}

}  // namespace

void add_train(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("train", "One run in the foreground; Ctrl-C stops it with a checkpoint");
  const auto options = std::make_shared<TrainOptions>();
  add_set_option(command, options->assignments);
  command.add_option("--name", options->name, "What to call it")->type_name("NAME");
  add_json_flag(command, invocation);
  command.callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return train(invocation, *options); }; });
}

}  // namespace ablate
