#include "experiments/training/networks.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

namespace ablate {
namespace {

/// "down1.norm1" → "down1.1", "down1.projection_norm" → "down1.projection", "norm" → "norm".
std::string place_name(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  std::string parent = dot == std::string::npos ? "" : path.substr(0, dot);
  std::string last = dot == std::string::npos ? path : path.substr(dot + 1);
  const std::size_t word = last.find("norm");
  if (word != std::string::npos) last.erase(word, 4);
  while (!last.empty() && last.back() == '_') last.pop_back();
  while (!last.empty() && last.front() == '_') last.erase(0, 1);
  if (last.empty()) return parent.empty() ? path : parent;
  return parent.empty() ? last : parent + "." + last;
}

}  // namespace

NamedTensors state_of(const torch::nn::Module& module) {
  NamedTensors state;
  for (const auto& item : module.named_parameters()) state.emplace_back(item.key(), item.value());
  for (const auto& item : module.named_buffers()) state.emplace_back(item.key(), item.value());
  return state;
}

NamedTensors unique_parameters(const torch::nn::Module& module) {
  NamedTensors unique;
  std::unordered_set<const void*> seen;
  for (const auto& item : module.named_parameters()) {
    if (seen.insert(item.value().unsafeGetTensorImpl()).second) unique.emplace_back(item.key(), item.value());
  }
  return unique;
}

std::vector<torch::Tensor> without_duplicates(const std::vector<torch::Tensor>& tensors) {
  std::vector<torch::Tensor> unique;
  std::unordered_set<const void*> seen;
  for (const torch::Tensor& tensor : tensors) {
    if (seen.insert(tensor.unsafeGetTensorImpl()).second) unique.push_back(tensor);
  }
  return unique;
}

void use_channels_last(torch::nn::Module& module) {
  torch::NoGradGuard no_grad;
  for (const auto& [name, parameter] : unique_parameters(module)) {
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
  }
}

std::string NormModule::place(std::size_t call) const {
  if (call < paths.size()) return place_name(paths[call]);
  return fmt::format("{}#{}", place_name(paths.front()), call + 1);
}

std::vector<NormModule> norm_modules(const std::vector<Network>& networks) {
  std::vector<NormModule> found;
  for (const Network& network : networks) {
    for (const auto& item : network.module->named_modules()) {
      auto* norm = dynamic_cast<TrackingNorm*>(item.value().get());
      if (!norm) continue;
      auto known =
          std::find_if(found.begin(), found.end(), [norm](const NormModule& each) { return each.module == norm; });
      if (known == found.end()) known = found.insert(found.end(), NormModule{norm, network.name, {}});
      known->paths.push_back(item.key());
    }
  }
  return found;
}

std::string qualified(const std::vector<Network>& networks, const std::string& network, const std::string& name) {
  return networks.size() > 1 ? network + "." + name : name;
}

nlohmann::json layers_of(const torch::nn::Module& module) {
  auto layers = nlohmann::json::array();
  for (const auto& item : module.named_modules()) {
    const torch::nn::Module& layer = *item.value();
    if (!layer.children().empty()) continue;
    std::string kind = layer.name();
    if (const std::size_t colon = kind.rfind(':'); colon != std::string::npos) kind.erase(0, colon + 1);
    if (kind.size() > 4 && kind.ends_with("Impl")) kind.resize(kind.size() - 4);
    std::int64_t parameters = 0;
    for (const auto& parameter : layer.parameters()) parameters += parameter.numel();
    layers.push_back({{"name", item.key()}, {"kind", kind}, {"parameters", parameters}});
  }
  return layers;
}

std::uint64_t hash_tensors(const std::vector<torch::Tensor>& tensors) {
  std::uint64_t hash = 14695981039346656037ull;  // FNV-1a, 64 bits
  for (const torch::Tensor& tensor : tensors) {
    const torch::Tensor bytes = tensor.detach().cpu().contiguous();
    const auto* data = static_cast<const std::uint8_t*>(bytes.const_data_ptr());
    for (std::size_t i = 0; i < bytes.nbytes(); ++i) hash = (hash ^ data[i]) * 1099511628211ull;
  }
  return hash;
}

std::uint64_t hash_buffers(const torch::nn::Module& module) {
  return hash_tensors(without_duplicates(module.buffers()));
}

void place(const std::vector<Network>& networks, torch::Device device) {
  for (const Network& network : networks) {
    network.module->to(device);
    network.module->train(network.trainable);
    if (network.trainable) continue;
    for (torch::Tensor& parameter : network.module->parameters()) parameter.requires_grad_(false);
  }
}

std::map<std::string, torch::Generator> generators(const std::vector<Network>& networks) {
  std::map<std::string, torch::Generator> all{{"cpu", at::globalContext().defaultGenerator(torch::kCPU)}};
  for (const Network& network : networks) {
    for (const torch::Tensor& parameter : network.module->parameters()) {
      all.try_emplace(parameter.device().str(), at::globalContext().defaultGenerator(parameter.device()));
    }
  }
  return all;
}

}  // namespace ablate
