// ablate resume RUN…: runs go on, as they are or longer.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "experiments/catalogue.h"
#include "experiments/run_config.h"
#include "runs/checkpoints.h"
#include "runs/heartbeats.h"
#include "runs/json_file.h"
#include "sweeps/launcher.h"
#include "sweeps/slurm_options.h"
#include "workbench/cli/command.h"
#include "workbench/cli/configuration.h"
#include "workbench/cli/launcher_options.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

struct ResumeOptions {
  std::vector<std::string> runs;
  bool interrupted = false;
  std::string steps, epochs;
  std::vector<std::string> assignments;
};

/// A run of another host can go on here once its heartbeat has been silent for long enough; watched for as long as
/// that takes.
void resume_watched(const std::filesystem::path& root, const RunInfo& run) {
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
}

/// Gives a run that is not training more steps: the one change that a run may see.
void extend(const RunInfo& run, const nlohmann::json& steps) {
  if (run.status.state == RunState::running || run.status.state == RunState::queued)
    throw Error(fmt::format("{} is {}: stop it before you give it more steps.", run.id, name_of(run.status.state)));
  if (!run.run->is_object())
    throw Error(fmt::format("{} was not made by Ablate (no run.json): it can't be resumed.", run.id));
  if (run.status.state == RunState::diverged)
    throw Error(fmt::format("{} has diverged, and would again. Start a new run with a lower learning rate.", run.id));
  refuse_ended(run);
  nlohmann::json document = *run.run;
  RunConfig config = RunConfig::from_json(document.at("config"));
  const nlohmann::json before = config.at("train.steps");
  config.set("train.steps", steps);
  config.check();
  if (const nlohmann::json& now = config.at("train.steps"); now.is_number() && now.get<Step>() <= run.status.step)
    throw Error(fmt::format("{} has made {} steps already; --steps takes more than that.", run.id, run.status.step));
  else if (now.is_string() && static_cast<double>(config.steps("train.steps", 1)) <= run.status.epoch)
    throw Error(
        fmt::format("{} has made {:g} epochs already; --epochs takes more than that.", run.id, run.status.epoch));
  if (const std::string schedule = config.text("schedule.name");
      schedule == "cosine" || schedule == "onecycle" || schedule == "polynomial" || schedule == "yolox-cosine" ||
      (schedule == "exponential" && !config.is_set("schedule.gamma")))
    fmt::print(stderr,
               "ablate: note: schedule.name={} spans the whole run: its learning rate now goes on from where a run of "
               "{} steps would be.\n",
               schedule, config.text("train.steps"));
  document["config"] = config.to_json();
  document["extended"].push_back({{"at", run.status.step}, {"from", before}, {"to", steps}});
  write_json_file(run.folder / "run.json", document);
  RunStatus status = run.status;
  status.state = RunState::stopped;
  write_status(run.folder, status);
}

/// Those that are named, or all that nobody trains any more.
std::vector<RunInfo> chosen(const std::filesystem::path& root, const ResumeOptions& options) {
  std::vector<RunInfo> runs;
  for (const std::string& word : options.runs) runs.push_back(find_run_up_to_date(root, word));
  if (!options.interrupted) return runs;
  runs = list_runs_up_to_date(root);
  std::erase_if(runs, [](const RunInfo& run) { return run.status.state != RunState::interrupted; });
  return runs;
}

/// `steps`: null where it stays as long as it is. Returns its summary.
nlohmann::json resume_one(const std::filesystem::path& root, RunInfo run, const nlohmann::json& steps, bool in_words) {
  if (!steps.is_null()) {
    extend(run, steps);
    run = read_run(root, run.folder);
  }
  resume_watched(root, run);
  if (in_words && awaits_another_user(run))
    fmt::print("{}: another user has submitted it to Slurm, who alone can submit it again; it stays as it is\n",
               run.id);
  else if (in_words)
    fmt::print(
        "{}: queued; it {}\n", run.id,
        newest_checkpoint(run.folder) ? "goes on from its last checkpoint" : "begins anew: it has no checkpoint yet");
  return run_summary(read_run(root, run.folder));
}

int resume(const Invocation& invocation, const ResumeOptions& options) {
  if (options.runs.empty() != options.interrupted)
    throw UsageError("Name the runs that shall go on, or say --interrupted for all that nobody trains any more.");
  if (!options.assignments.empty())
    throw UsageError(fmt::format(
        "A resumed run stays what it is; only --steps and --epochs make it longer. For another one from its weights: "
        "ablate train --from {} -s {}",
        options.interrupted ? "RUN" : options.runs.front(), options.assignments.front()));
  nlohmann::json steps;
  if (const std::string words = options.epochs.empty() ? options.steps : options.epochs + "ep"; !words.empty())
    steps = as_usage([&] { return value_from_text(*find_option("train.steps"), words); });
  const std::filesystem::path root = invocation.root();
  const std::vector<RunInfo> runs = chosen(root, options);
  const bool alone = options.runs.size() == 1;
  nlohmann::json document = nlohmann::json::array();
  bool all = true;
  for (const RunInfo& run : runs) {
    try {
      document.push_back(resume_one(root, run, steps, !invocation.json));
    } catch (const Error& error) {  // The others go on all the same.
      if (alone) throw;
      fmt::print(stderr, "ablate: {}\n", error.what());
      all = false;
    }
  }
  if (options.interrupted) LocalQueue(root).keep_going();
  if (invocation.json)
    print_json(alone ? document.front() : document);
  else if (runs.empty())
    fmt::print("No run is interrupted. What waits in this machine's queue is attended to.\n");
  return all ? 0 : 1;
}

}  // namespace

void add_resume(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("resume", "Go on with stopped, interrupted or failed runs, or longer");
  const auto options = std::make_shared<ResumeOptions>();
  command.add_option("RUN", options->runs, "Ids, unique beginnings of them, names, or paths");
  command.add_flag("--interrupted", options->interrupted,
                   "All that nobody trains any more, and this machine's queue, after a crash or a reboot");
  auto* const steps =
      command.add_option("--steps", options->steps, "Go on until so many, also where it is completed")->type_name("N");
  command.add_option("--epochs", options->epochs, "The same in epochs")->type_name("N")->excludes(steps);
  add_set_option(command, options->assignments);
  command.get_option("--set")->group("");  // Taken only to say what to do instead.
  add_json_flag(command, invocation);
  command.callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return resume(invocation, *options); }; });
}

}  // namespace ablate
