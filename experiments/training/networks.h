#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "experiments/training/models/tracking_norm.h"
#include "experiments/training/task.h"

namespace ablate {

using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

/// Parameters and buffers under every name they have, as PyTorch's state_dict() lists them: a module that is registered
/// at two places stands under both.
NamedTensors state_of(const torch::nn::Module& module);

/// Parameters without duplicates (LibTorch's parameters() lists a shared module's once a place), under their first
/// name.
NamedTensors unique_parameters(const torch::nn::Module& module);

/// `tensors` without those that are the same tensor as an earlier one.
std::vector<torch::Tensor> without_duplicates(const std::vector<torch::Tensor>& tensors);

/// Brings weights into the channels-last format, in which convolutions on the CPU run fastest.
void use_channels_last(torch::nn::Module& module);

/// A norm with running statistics and all the paths it was reached by ("down1.norm1"), in order of registration.
struct NormModule {
  TrackingNorm* module = nullptr;
  std::string network;
  std::vector<std::string> paths;

  /// What the k-th call in a pass is called before people: the k-th path without the word "norm" ("down1.norm2" is
  /// "down1.2"), or "down1.1#3" for a third call of a module registered fewer times.
  std::string place(std::size_t call) const;
};

/// Every norm with running statistics of every network, once; found by identity.
std::vector<NormModule> norm_modules(const std::vector<Network>& networks);

/// `name`, with the network's before it where there are several ("generator.down1.1").
std::string qualified(const std::vector<Network>& networks, const std::string& network, const std::string& name);

/// The modules without children, in order: [{"name", "kind", "parameters"}]; a shared one once a name.
nlohmann::json layers_of(const torch::nn::Module& module);

/// A number that changes when any bit of any of them does.
std::uint64_t hash_tensors(const std::vector<torch::Tensor>& tensors);
/// Of all buffers, each once.
std::uint64_t hash_buffers(const torch::nn::Module& module);

/// Brings them to the device, in train mode those that are trained; the others' parameters get no gradients.
void place(const std::vector<Network>& networks, torch::Device device);

/// The random generators of the CPU and, where networks are elsewhere, of their device; by name of the device.
std::map<std::string, torch::Generator> generators(const std::vector<Network>& networks);

}  // namespace ablate
