#pragma once

#include <torch/torch.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/run_config.h"

namespace ablate {

/// train.precision: fp32, or mixed precision as torch.autocast does it, in bfloat16 or float16.
torch::ScalarType autocast_type(const RunConfig& config);

/// What train.precision takes.
std::vector<std::string> precision_names();

/// While alive, forward passes on this thread run in mixed precision (torch.autocast); nothing where `type` is float32.
/// Weights cast to it are remembered until the end, so it must not outlive a change of them; one within another forgets
/// what that remembered.
class Autocast {
 public:
  Autocast(torch::ScalarType type, torch::Device device);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  bool on_;
  torch::DeviceType device_;
  bool was_on_;
};

/// While alive, there is no autocast on this thread: around a backward pass and an update. Forgets cast weights.
class NoAutocast {
 public:
  explicit NoAutocast(torch::Device device);
  ~NoAutocast();
  NoAutocast(const NoAutocast&) = delete;
  NoAutocast& operator=(const NoAutocast&) = delete;

 private:
  torch::DeviceType device_;
  bool was_on_;
};

/// Keeps float16 gradients from vanishing: losses are scaled up, gradients down again, and an update with one that is
/// not finite is left out and the scale, 2^16 at first, halved; after 2,000 good ones it is doubled
/// (torch.amp.GradScaler with its defaults).
class GradientScaler {
 public:
  explicit GradientScaler(torch::Device device);

  torch::Tensor scaled(const torch::Tensor& loss) const { return loss * scale_; }
  /// Divides in place. Returns whether all are finite; then the update may be made. Waits for the device.
  bool unscale(const std::vector<torch::Tensor>& gradients);

  nlohmann::json state() const;
  void restore(const nlohmann::json& state);

 private:
  torch::Tensor scale_, good_steps_;
};

}  // namespace ablate
