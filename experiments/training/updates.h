#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "experiments/schedule.h"
#include "experiments/training/optimizers.h"
#include "experiments/training/task.h"

namespace ablate {

/// The trainer's side of a step: makes the updates that a task asks for, and sums up the losses on the device until
/// they are logged.
class Updates : public Updater {
 public:
  Updates(Task& task, const RunConfig& config);

  void update(const std::string& optimizer, const std::vector<LossTerm>& terms) override;

  /// What the next updates use.
  void set(const Schedule::Value& value) { value_ = value; }

  /// Called within an update, between the backward pass and clipping, with the optimiser whose gradients are ready.
  void watch_gradients(std::function<void(const Optimizer&)> watcher) { watcher_ = std::move(watcher); }

  void end_step() { ++steps_; }

  /// Mean losses of the steps since the last call: "" is the weighted sum of all, the others are terms by name,
  /// unweighted. Waits for the device.
  std::map<std::string, double> take_losses();

  const std::map<std::string, std::unique_ptr<Optimizer>>& optimizers() const { return optimizers_; }

 private:
  void add(const std::string& name, const torch::Tensor& value);

  std::map<std::string, std::unique_ptr<Optimizer>> optimizers_;
  std::map<std::string, double> lr_scales_;
  std::vector<torch::Tensor> all_parameters_;
  double clip_norm_ = 0;
  Schedule::Value value_;
  std::function<void(const Optimizer&)> watcher_;
  std::map<std::string, torch::Tensor> sums_;
  std::int64_t steps_ = 0;
};

}  // namespace ablate
