#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "experiments/run_config.h"
#include "experiments/training/averaging.h"
#include "experiments/training/networks.h"
#include "experiments/training/optimizers.h"
#include "runs/checkpoints.h"
#include "runs/types.h"

namespace ablate {

/// What a run needs to go on as if nothing had happened, besides networks and optimisers: trainer.json.
struct TrainerState {
  Step step = 0;                ///< updates made
  std::int64_t next_batch = 0;  ///< position in the stream of training batches
  std::string best_metric;      ///< tag; empty when none yet
  double best_value = 0;
  Step best_step = 0;
  std::int64_t without_improvement = 0;  ///< validations since then
  double training_seconds = 0;
  double lr_factor = 1;                          ///< what requests/lr have made of the schedule's rates
  std::map<std::string, double> metrics;         ///< last values
  nlohmann::json schedule, scaler;               ///< what they remember; null where nothing
  nlohmann::json config;                         ///< the options it trains with; null in an older checkpoint
  std::map<std::string, std::string> rng;        ///< by device; as it was read, take_snapshot asks the generators
  std::map<std::string, std::int64_t> averaged;  ///< by name of the average ("ema"): how many weights are in it
};

using Optimizers = std::map<std::string, std::unique_ptr<Optimizer>>;

/// Everything with tensors that goes on after a resume.
struct Trained {
  const std::vector<Network>& networks;
  const Optimizers& optimizers;
  const std::map<std::string, AveragedWeights>& averages;  ///< "ema", "swa"
};

/// Everything a checkpoint holds, copied to the CPU: training can go on while it is written.
struct Snapshot {
  Step step = 0;
  std::map<std::string, NamedTensors> files;  ///< by file name
  nlohmann::json trainer;                     ///< trainer.json, the random state included
};
Snapshot take_snapshot(const TrainerState& state, const Trained& trained);

/// Writes `<run>/checkpoints/step-<8 digits>/`: a safetensors file per network (PyTorch's state-dict names, a shared
/// module under each of its names), average of its weights that has some ("model.ema.safetensors", with the same names)
/// and optimiser, and trainer.json. Written beside, synced, renamed: a folder of that name is complete. Throws Error
/// (disk full). Any thread.
void write_checkpoint(const std::filesystem::path& run, const Snapshot& snapshot);

/// Of a run.json that was edited by hand: its options that are others than those the checkpoint was trained with, in
/// words. Not train.steps, which `resume` itself changes. None where the checkpoint is an older one that has no
/// options. Throws Error (damaged).
std::vector<std::string> changed_options(const std::filesystem::path& checkpoint, const RunConfig& config);

/// trainer.json. Throws Error (damaged).
TrainerState read_trainer_state(const std::filesystem::path& checkpoint);

/// Restores everything, the random state too. Throws Error that names the file and the first tensor that is missing,
/// not known, or of another shape.
TrainerState read_checkpoint(const std::filesystem::path& checkpoint, const Trained& trained);

/// One network's state dict as safetensors.
void write_weights(const std::filesystem::path& file, const torch::nn::Module& module);

/// Loads `<checkpoint>/<network>.safetensors` of every network, or an `average` of its weights ("ema", "swa"); throws
/// as read_checkpoint does. With `missing` running statistics need not be there (of weights that were saved without
/// buffers): they stay as they were made, and it takes their names.
void read_networks(const std::filesystem::path& checkpoint, const std::vector<Network>& networks,
                   const std::string& average = "", std::vector<std::string>* missing = nullptr);

}  // namespace ablate
