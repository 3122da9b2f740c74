#pragma once

#include <torch/torch.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiments/run_config.h"
#include "experiments/training/batches.h"
#include "runs/types.h"

namespace ablate {

/// A network of a task; its name is the name of its file in a checkpoint ("model.safetensors").
struct Network {
  std::string name;
  std::shared_ptr<torch::nn::Module> module;
  bool trainable = true;
};

/// An optimiser the task wants: which parameters, under which name. The trainer makes it, schedules it, steps it, saves
/// it.
struct OptimizerSpec {
  std::string name;                       ///< "model"; its file is "<name>.optimizer.safetensors"
  std::vector<torch::Tensor> parameters;  ///< duplicates are removed by the trainer (a module may be registered twice)
  double lr_scale = 1;
};

/// One term of a loss, before its weight.
struct LossTerm {
  std::string name;
  torch::Tensor value;  ///< scalar
  double weight = 1;
};

/// What a task calls to make an update within a step: gradients of all networks zeroed, backward over Σ weight·value,
/// clipping, optimiser step. Precision, accumulation, schedules and logging of the terms (`loss/train`, one tag a term)
/// are the trainer's.
class Updater {
 public:
  virtual ~Updater() = default;
  virtual void update(const std::string& optimizer, const std::vector<LossTerm>& terms) = 0;
};

/// Metrics by name ("iou"); one value per sample of the batch, {B} float32, left on the device so that measuring
/// doesn't wait for it. Averaged by the trainer over the set (NaN is kept).
using SampleMetrics = std::map<std::string, torch::Tensor>;

/// One picture a task shows of a sample.
struct Preview {
  std::string name;       ///< "input", "target", "prediction", …
  torch::Tensor image;    ///< {C, H, W}, float in [0, 1], C = 1 or 3, on the CPU
  bool constant = false;  ///< the same at every step (input, target): written once
};

/// What is trained. Names its networks and optimisers, turns a batch into named losses and updates, and says what can
/// be measured and shown. Knows nothing of files, time, schedules, logging, stopping. The trainer in turn knows nothing
/// of images or masks.
class Task {
 public:
  virtual ~Task() = default;
  virtual std::vector<Network> networks() = 0;
  virtual std::vector<OptimizerSpec> optimizers() = 0;

  /// One training step: an ordered list of updates on `batch` (tensors already on the device). Networks are in train
  /// mode. Returns metrics of the training batch.
  virtual SampleMetrics step(const Batch& batch, Updater& updater) = 0;

  /// Loss terms and metrics of a validation batch, without gradients; the caller has set eval or train mode.
  struct Evaluation {
    std::vector<LossTerm> losses;
    SampleMetrics metrics;
  };
  virtual Evaluation evaluate(const Batch& batch) = 0;

  /// Forward passes alone, without gradients: for re-estimating norm buffers.
  virtual void forward(const Batch& batch) = 0;

  /// Losses of outputs made by hand for the batch's targets, these made hard: as right as outputs can be, and such that
  /// tell nothing. nullopt where a task can't say.
  struct Extremes {
    std::vector<LossTerm> perfect, uninformed;
  };
  virtual std::optional<Extremes> extremes(const Batch&) { return std::nullopt; }

  /// Named pictures for each sample of `batch`. A gallery batch has inputs only.
  virtual std::vector<std::vector<Preview>> previews(const Batch& batch) = 0;

  /// The metric that says which checkpoint is best ("iou") and whether more is better.
  virtual std::string primary_metric() const = 0;
  virtual bool higher_is_better() const { return true; }
};

/// One line a task in tasks/registry.cpp. Throws Error for an unknown name.
std::unique_ptr<Task> make_task(const std::string& name, const RunConfig& config);

/// What make_task accepts.
std::vector<std::string> task_names();

}  // namespace ablate
