#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "experiments/schedule.h"
#include "experiments/training/optimizers.h"
#include "experiments/training/precision.h"
#include "experiments/training/task.h"

namespace ablate {

/// The trainer's side of a step: makes the updates that a task asks for, and sums up the losses on the device until
/// they are logged. Not thread-safe.
class Updates : public Updater {
 public:
  Updates(Task& task, const RunConfig& config, torch::Device device);

  /// Gradients are clipped as torch.nn.utils.clip_grad_norm_ does, to train.clip_norm over all of the optimiser's
  /// parameters. Throws Error for an optimiser that the task has not named, and without a loss.
  /// On the CPU no update is made for a loss that is not finite, nor any after it; it is logged, and remembered.
  void update(const std::string& optimizer, const std::vector<LossTerm>& terms) override;

  /// What the next updates use.
  void set(const Schedule::Value& value) { value_ = value; }

  /// Of how many batches the gradients make one update (train.accumulate). Each batch's losses are divided by it.
  std::int64_t accumulate() const { return accumulate_; }
  /// Which of them comes next, from 0: updates of all but the last only add to the gradients.
  void begin_batch(std::int64_t index) { batch_ = index; }

  /// Called within an update, between the backward pass and clipping, with the optimiser whose gradients are ready.
  void watch_gradients(std::function<void(const Optimizer&)> watcher) { watcher_ = std::move(watcher); }

  /// The first loss that was not finite; looked for on the CPU alone.
  std::optional<double> not_finite() const { return not_finite_; }

  void end_step() { steps_ += accumulate_; }

  /// The float16 scaler's memory, null where there is none.
  nlohmann::json scaler_state() const { return scaler_ ? scaler_->state() : nlohmann::json(); }
  void restore_scaler(const nlohmann::json& state);

  /// Mean losses of the steps since the last call: "" is the weighted sum of all, the others are terms by name,
  /// unweighted. Waits for the device.
  std::map<std::string, double> take_losses();

  const std::map<std::string, std::unique_ptr<Optimizer>>& optimizers() const { return optimizers_; }

 private:
  void add(const std::string& name, const torch::Tensor& value);
  /// Adds the gradients to those gathered, and on the last batch puts the sums in their place; whether it was the last.
  bool gather(const std::string& name, const Optimizer& optimizer);

  std::map<std::string, std::unique_ptr<Optimizer>> optimizers_;
  std::map<std::string, double> lr_scales_;
  std::vector<torch::Tensor> all_parameters_;
  double clip_norm_ = 0;
  std::int64_t accumulate_ = 1, batch_ = 0;
  std::map<std::string, std::vector<torch::Tensor>> gathered_;  ///< by optimiser: gradients of the batches so far
  torch::Device device_;
  std::optional<GradientScaler> scaler_;
  Schedule::Value value_;
  std::function<void(const Optimizer&)> watcher_;
  std::map<std::string, torch::Tensor> sums_;
  std::int64_t steps_ = 0;
  std::optional<double> not_finite_;
};

}  // namespace ablate
