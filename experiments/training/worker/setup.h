#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiments/run_config.h"
#include "experiments/training/precision.h"
#include "experiments/training/task.h"

namespace ablate {

/// The configuration in `<folder>/run.json`. Throws Error when it is not there or damaged.
RunConfig read_run_config(const std::filesystem::path& folder);

/// A run's network as a checkpoint has it.
struct LoadedRun {
  std::filesystem::path folder, checkpoint;
  std::string average;               ///< of the weights, "ema" or "swa"; empty: the weights themselves
  std::vector<std::string> missing;  ///< running statistics that the checkpoint has not (load_run_or_begin)
  RunConfig config;
  std::unique_ptr<Task> task;
  torch::Device device = torch::kCPU;  ///< where the networks are

  /// As the run validated: in its train.precision, while what is returned is alive.
  Autocast autocast() const { return {autocast_type(config), device}; }
};

/// Of "DIR" (its newest checkpoint) or "DIR@…" (CheckpointWord); an @ inside a folder's name that exists is part of it.
/// On a GPU where there is one, unless train.device is cpu. Sets the threads, too. Throws Error as read_run_config,
/// find_checkpoint and read_networks do.
LoadedRun load_run(const std::string& run);

/// The same; of a run that has no checkpoint (yet, or any more) its network as training begins, and `checkpoint` is
/// empty. Of weights that were saved without running statistics these are as they were made.
LoadedRun load_run_or_begin(const std::string& run);

/// Of the data, shuffled and augmented as a run of this configuration has them.
TrainingData training_data(const RunConfig& config, DataSource source);

/// Torch's threads: train.threads, else $ABLATE_THREADS (no more than there are cores), else as many as there are. Set
/// before the first tensor operation; results depend on it in the last bits.
void set_threads(const RunConfig& config);

}  // namespace ablate
