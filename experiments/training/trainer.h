#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "experiments/run_config.h"
#include "experiments/training/batches.h"
#include "experiments/training/preview.h"
#include "experiments/training/status_keeper.h"
#include "experiments/training/task.h"
#include "runs/error.h"

namespace ablate {

/// The training loss became NaN or infinite.
class Diverged : public Error {
 public:
  using Error::Error;
};

/// Trains a task in a run folder: data order, schedule, updates, validation, logging, previews, checkpoints, requests,
/// resume, and the doctor at the end. Knows no task and nothing of pictures but that previews are some. Used by one
/// thread; batches are prepared and checkpoints written by threads of its own.
class Trainer {
 public:
  struct Environment {
    std::filesystem::path run;  ///< the run folder
    EncodePng encode_png;
    std::function<void(const std::string& line)> say;  ///< a line for a person
    std::function<bool()> interrupted;                 ///< whether a signal asked to stop; called at every step
    torch::Device device = torch::kCPU;
  };

  /// `task` was made after the seed was set. Goes on from the newest complete checkpoint if there is one. Throws Error.
  Trainer(const RunConfig& config, Task& task, TrainingData data, Environment environment, StatusKeeper& status);
  ~Trainer();

  /// Until done or asked to stop: completed or stopped; the caller writes it as the last status. Throws Diverged or
  /// Error.
  RunState run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// train.device as a device: "auto" is a GPU where there is one. Throws Error when a GPU is asked for and there is
/// none.
torch::Device training_device(const RunConfig& config);

}  // namespace ablate
