#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "runs/run_store.h"
#include "sweeps/launchers.h"
#include "sweeps/slurm_options.h"
#include "workbench/cli/progress.h"

namespace ablate {

/// Where runs train, as every command that launches some offers it.
struct LauncherOptions {
  std::string launcher = "local";
  int slots = 0;
  int priority = 0;
  SlurmOptions slurm;

  bool operator==(const LauncherOptions&) const = default;
};

/// Declares --launcher, --slots, --priority, and what is asked of Slurm.
void add_launcher_options(CLI::App& command, LauncherOptions& options);
/// What is asked of Slurm alone: --partition, …
void add_slurm_options(CLI::App& command, SlurmOptions& options);

/// Throws UsageError where options of Slurm are given to this machine, and Error where one is more than a line.
std::unique_ptr<Launcher> make_launcher(const std::filesystem::path& root, const LauncherOptions& options);

/// Shows how runs come along until all are over, asking their launcher meanwhile; where it gives no answer that is
/// told, and they go on.
void await_runs(Progress& progress, Launcher& launcher);

/// All runs of a root, after a cluster was asked about those that it has; where it gives no answer, standard error
/// says so, and they are as they were last known.
std::vector<RunInfo> list_runs_up_to_date(const std::filesystem::path& root);
/// find_run in the same way.
RunInfo find_run_up_to_date(const std::filesystem::path& root, const std::string& word);

}  // namespace ablate
