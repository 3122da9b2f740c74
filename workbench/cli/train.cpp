// ablate train [-s KEY=VALUE…]: one run in the foreground.
#include <fmt/format.h>

#include <algorithm>
#include <array>
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
  std::string name;  ///< empty: after what is set
};

/// Unless told, named as the variants of an experiment are: after what was set of those groups that ablations vary.
std::string name_of(const TrainOptions& options) {
  if (!options.name.empty()) return options.name;
  Experiment experiment;
  const nlohmann::json set = base_of(options.assignments);
  for (const auto& [key, value] : set.items()) {
    const auto holds_key = [&key = key](const char* group) { return key.starts_with(group); };
    if (std::ranges::any_of(std::array{"model.", "loss.", "optimizer.", "schedule."}, holds_key))
      experiment.vary.push_back({key, {value}});
    else
      experiment.base[key] = value;
  }
  experiment.name = "run";
  return experiment.expand().front().name;
}

int train(const Invocation& invocation, const TrainOptions& options) {
  const RunConfig config = config_of(options.assignments);
  const Variant variant{name_of(options), config};
  check_data(variant.config);
  worker_program();  // Before the folder is made.
  const std::filesystem::path root = invocation.root();
  const std::filesystem::path folder = create_run(root, variant.name, run_json(variant, ""));
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
  command.add_option("--name", options->name, "What to call it (after what is set)")->type_name("NAME");
  add_json_flag(command, invocation);
  command.callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return train(invocation, *options); }; });
}

}  // namespace ablate
