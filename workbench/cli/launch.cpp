// ablate launch EXPERIMENT.json: all runs of an experiment, queued.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "experiments/experiment.h"
#include "experiments/lr_suggest.h"
#include "sweeps/finder_sweep.h"
#include "sweeps/launcher.h"
#include "workbench/cli/command.h"
#include "workbench/cli/configuration.h"
#include "workbench/cli/launcher_options.h"
#include "workbench/cli/output.h"
#include "workbench/cli/progress.h"

namespace ablate {
namespace {

struct LaunchOptions {
  std::string file;
  TrainingPlace where;
  std::string own_lr;  ///< a rule of range tests; empty: the experiment's learning rates
  std::string after, from;
  bool wait = false;
};

/// Shows how the runs come along until all are over; Ctrl-C leaves, and they go on. 1 where one did not complete.
int wait_for(const Invocation& invocation, const std::filesystem::path& root,
             const std::vector<std::filesystem::path>& runs, Launcher& launcher) {
  Progress progress(root, runs);
  await_runs(progress, launcher);
  if (invocation.json) {
    nlohmann::json document = nlohmann::json::array();
    for (const RunInfo& run : progress.runs()) document.push_back(run_summary(run));
    print_json(document);
  }
  const auto completed = [](const RunInfo& run) { return run.status.state == RunState::completed; };
  return std::ranges::all_of(progress.runs(), completed) ? 0 : 1;
}

int launch(const Invocation& invocation, const LaunchOptions& options) {
  const std::filesystem::path root = invocation.root();
  const std::unique_ptr<Launcher> launcher = make_launcher(root, checked_place(options.where));
  Experiment experiment = experiment_of(options.file);
  if (!options.own_lr.empty()) {
    OwnRates own = own_rates(experiment, options.own_lr, list_runs(root));
    for (const std::string& line : own.told) fmt::print(stderr, "{}\n", line);
    experiment = std::move(own.experiment);
  }
  if (!options.from.empty() && options.after.empty())
    throw UsageError("--from names a checkpoint of the run that --after names: give both.");
  if (!options.after.empty())
    experiment.after = {find_run(root, options.after).id,
                        options.from.empty() ? "" : as_usage([&] { return checked_from(options.from); })};
  tell_problems(check_data(experiment));
  worker_program();  // Before any folder is made.
  const std::vector<std::filesystem::path> runs = launch_runs(root, experiment, *launcher);
  if (options.wait) return wait_for(invocation, root, runs, *launcher);
  if (invocation.json) {
    nlohmann::json document = nlohmann::json::array();
    for (const auto& run : runs) document.push_back(run_summary(read_run(root, run)));
    print_json(document);
    return 0;
  }
  for (const auto& run : runs) fmt::print("{}\n", run.lexically_proximate(root).string());
  fmt::print(stderr, "{} {} queued in {}. Watch: ablate --runs {} list, or open\n", runs.size(),
             runs.size() == 1 ? "run" : "runs", root.string(), root.string());
  return 0;
}

}  // namespace

void add_launch(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("launch", "Queue all runs of an experiment file");
  const auto options = std::make_shared<LaunchOptions>();
  command
      .add_option("EXPERIMENT.json", options->file, R"({"name", "base": {…}, "vary": {key: [values]}, "seeds": [0]})")
      ->required();
  add_launcher_options(command, options->where);
  command.add_option("--after", options->after, "They begin once this run is completed")->type_name("RUN");
  command.add_option("--from", options->from, "… and from these of its weights: best, last, ema, swa, or a step")
      ->type_name("WEIGHTS");
  command
      .add_option("--own-lr", options->own_lr,
                  "Train each variant at what its own range tests suggest (ablate lr-find)")
      ->type_name("RULE")
      ->check(CLI::IsMember(lr_rules()));
  command.add_flag("--wait", options->wait, "Show how they come along until all are over; Ctrl-C leaves, they go on");
  add_json_flag(command, invocation);
  command.callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return launch(invocation, *options); }; });
}

}  // namespace ablate
