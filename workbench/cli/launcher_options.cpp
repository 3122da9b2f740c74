#include "workbench/cli/launcher_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "sweeps/launcher.h"
#include "sweeps/slurm_launcher.h"
#include "workbench/cli/command.h"

namespace ablate {
namespace {

/// Whether there was anything to ask about.
bool ask_cluster(const std::filesystem::path& root, const std::vector<RunInfo>& runs) {
  std::vector<std::filesystem::path> folders;
  for (const RunInfo& run : runs)
    if (run.status.launcher == "slurm") folders.push_back(run.folder);
  if (folders.empty()) return false;
  try {
    SlurmLauncher(root).refresh(folders);
  } catch (const Error& error) {
    fmt::print(stderr, "ablate: note: its runs are shown as they were last known: {}\n", error.what());
  }
  return true;
}

}  // namespace

void add_launcher_options(CLI::App& command, TrainingPlace& place) {
  command.add_option("--launcher", place.launcher, "Where they train: local (this machine) or slurm (a cluster)")
      ->type_name("NAME")
      ->check(CLI::IsMember({"local", "slurm"}));
  command
      .add_option("--slots", place.slots, "How many train at once (as the machine can; on a cluster all, of a sweep 8)")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  command.add_option("--priority", place.priority, "Higher ones start first in this machine's queue (0)")
      ->type_name("N")
      ->check(CLI::Range(-kMostPriority, kMostPriority));
  add_slurm_options(command, place.slurm);
}

void add_slurm_options(CLI::App& command, SlurmOptions& options) {
  const auto add = [&](const char* name, auto& value, const char* meaning, const char* type) {
    return command.add_option(name, value, meaning)->type_name(type)->group("Slurm, for each run");
  };
  add("--partition", options.partition, "Partition (the cluster's default)", "NAME");
  add("--account", options.account, "Account that pays", "NAME");
  add("--time", options.time, "Time limit: minutes, H:MM:SS or D-HH:MM:SS", "TIME");
  add("--mem", options.mem, "Memory, as in 16G", "SIZE");
  add("--gres", options.gres, "Other resources, as in gpu:1", "LIST");
  add("--cpus", options.cpus, "Cores", "N")->check(CLI::Range(1, 4096));
  command
      .add_flag("--requeue,!--no-requeue", options.requeue,
                "Preempted runs wait again and go on from their last checkpoint (they do)")
      ->group("Slurm, for each run");
  add("--sbatch", options.lines, "Any other option of sbatch, as in \"--constraint=a100\"; may be repeated", "LINE")
      ->take_all()
      ->expected(1);
}

const TrainingPlace& checked_place(const TrainingPlace& place) {
  if (place.launcher == "local" && place.slurm != SlurmOptions{})
    throw UsageError(
        "--partition, --account, --time, --mem, --gres, --cpus, --requeue and --sbatch are for "
        "--launcher slurm.");
  if (place.launcher == "slurm" && place.priority != 0)
    throw UsageError("--priority is for this machine's queue; for Slurm: --sbatch \"--nice=N\".");
  return place;
}

void await_runs(Progress& progress, Launcher& launcher) {
  std::string told;
  progress.until_over([&] {
    try {
      launcher.refresh(progress.folders());
      told.clear();
    } catch (const Error& error) {
      if (told != error.what()) progress.say(told = error.what());
    }
  });
}

std::vector<RunInfo> list_runs_up_to_date(const std::filesystem::path& root) {
  std::vector<RunInfo> runs = list_runs(root);
  return ask_cluster(root, runs) ? list_runs(root) : runs;
}

RunInfo find_run_up_to_date(const std::filesystem::path& root, const std::string& word) {
  const RunInfo run = find_run(root, word);
  return ask_cluster(root, {run}) ? find_run(root, word) : run;
}

}  // namespace ablate
