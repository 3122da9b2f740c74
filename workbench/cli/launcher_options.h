#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "runs/run_store.h"
#include "sweeps/training_place.h"
#include "workbench/cli/progress.h"

namespace ablate {

/// Declares --launcher, --slots, --priority, and what is asked of Slurm.
void add_launcher_options(CLI::App& command, TrainingPlace& place);
/// What is asked of Slurm alone: --partition, …
void add_slurm_options(CLI::App& command, SlurmOptions& options);

/// The same. Throws UsageError where options of Slurm are given to this machine, or a priority to Slurm.
const TrainingPlace& checked_place(const TrainingPlace& place);

/// Shows how runs come along until all are over, asking their launcher meanwhile; where it gives no answer that is
/// told, and they go on.
void await_runs(Progress& progress, Launcher& launcher);

/// All runs of a root, after a cluster was asked about those that it has; where it gives no answer, standard error
/// says so, and they are as they were last known.
std::vector<RunInfo> list_runs_up_to_date(const std::filesystem::path& root);
/// find_run in the same way.
RunInfo find_run_up_to_date(const std::filesystem::path& root, const std::string& word);

}  // namespace ablate
