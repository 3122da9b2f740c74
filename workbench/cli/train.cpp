// ablate train [-s KEY=VALUE…]: one run in the foreground.
#include "workbench/cli/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "experiments/catalogue.h"
#include "experiments/experiment.h"
#include "runs/checkpoints.h"
#include "runs/json_file.h"
#include "sweeps/launcher.h"
#include "workbench/cli/checkpoints.h"
#include "workbench/cli/command.h"
#include "workbench/cli/configuration.h"
#include "workbench/cli/console_echo.h"
#include "workbench/cli/output.h"
#include "workbench/cli/progress.h"

namespace ablate {
namespace {

struct Start {
  RunConfig config;
  std::vector<std::string> assignments;
};

/// With --from RUN a run begins as that one was configured, with its weights; with a file, with those weights alone.
Start start_of(const Invocation& invocation, const TrainOptions& options) {
  Start start{{}, options.assignments};
  if (!options.from) return start;
  if (options.from->empty()) throw UsageError("--from names a run, RUN@STEP, RUN@best, or a file with weights.");
  for (const std::string& assignment : options.assignments)
    if (assignment.starts_with("init.from=")) throw UsageError("--from and init.from say the same: keep one.");
  const std::filesystem::path weights = weights_of(invocation, *options.from);
  if (!std::filesystem::is_regular_file(*options.from)) {
    const std::filesystem::path checkpoint =  // An average of weights is a file in it.
        std::filesystem::is_directory(weights) ? weights : weights.parent_path();
    const std::filesystem::path run = checkpoint.parent_path().parent_path();
    const auto document = read_json_file(run / "run.json");
    if (!document || !document->contains("config"))
      throw Error(
          fmt::format("{} is not in a run's folder, whose configuration it would go on with. Name its file, as "
                      "in --from {}.",
                      weights.string(), (weights / "model.safetensors").string()));
    start.config = RunConfig::from_json(document->at("config"));
    for (const Option& option : catalogue())
      if (option.key.starts_with("init.")) start.config.set(option.key, option.default_value);
  }
  start.assignments.push_back("init.from=" + weights.string());
  return start;
}

/// Unless told, named as the variants of an experiment are: after what was set of those groups that ablations vary.
std::string name_of(const TrainOptions& options, RunConfig base) {
  if (!options.name.empty()) return options.name;
  Experiment experiment;
  const nlohmann::json set = base_of(options.assignments);
  for (const auto& [key, value] : set.items()) {
    const auto holds_key = [&key = key](const char* group) { return key.starts_with(group); };
    if (std::ranges::any_of(std::array{"model.", "loss.", "optimizer.", "schedule."}, holds_key))
      experiment.vary.push_back({key, {value}});
    else
      base.set(key, value);
  }
  experiment.base = base.to_json();
  const bool range_test = base.text("lr_find.procedure") != "none";
  experiment.name = range_test ? "lr-find" : "run";
  const std::string name = experiment.expand().front().name;
  return range_test && name != experiment.name ? "lr-find-" + name : name;
}

int train(const Invocation& invocation, const TrainOptions& options) {
  const RunInfo run = train_in_foreground(invocation, options);
  if (invocation.json) {
    nlohmann::json document = run_summary(run);
    for (const auto& [tag, value] : last_values(run).of) document["metrics"][tag] = json_number(value);
    print_json(document);
  }
  return tell_outcome(run);
}

}  // namespace

RunInfo train_in_foreground(const Invocation& invocation, const TrainOptions& options) {
  const Start start = start_of(invocation, options);
  const RunConfig config = config_of(start.assignments, start.config);
  const Variant variant{name_of(options, start.config), config};
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
  return read_run(root, folder);
}

int tell_outcome(const RunInfo& run) {
  if (run.status.state == RunState::completed) return 0;
  const std::string words = run.status.error.empty()
                                ? fmt::format("stopped at step {}; \"ablate resume {}\" {}", run.status.step, run.id,
                                              newest_checkpoint(run.folder) ? "goes on" : "begins anew")
                                : run.status.error;
  fmt::print(stderr, "ablate: {}: {}\n", name_of(run.status.state), words);
  return 1;
}

void add_train_options(CLI::App& command, TrainOptions& options) {
  add_set_option(command, options.assignments);
  command.add_option("--name", options.name, "What to call it (after what is set)")->type_name("NAME");
  command
      .add_option("--from", options.from,
                  "Start from these weights: RUN, RUN@400, RUN@best, RUN@ema, or a file (init.*)")
      ->type_name("WEIGHTS");
}

void add_train(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("train", "One run in the foreground; Ctrl-C stops it with a checkpoint");
  const auto options = std::make_shared<TrainOptions>();
  add_train_options(command, *options);
  add_json_flag(command, invocation);
  command.callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return train(invocation, *options); }; });
}

}  // namespace ablate
