#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>

namespace ablate {

/// What networks are made of: {B, C, H, W} → {B, C', H', W'}. The module's own name is its kind, as PyTorch calls it
/// ("Conv2d", "BatchNorm2d"), for people.
class Layer : public torch::nn::Module {
 public:
  explicit Layer(std::string kind) : Module(std::move(kind)) {}
  virtual torch::Tensor forward(torch::Tensor x) = 0;
};

using LayerPtr = std::shared_ptr<Layer>;

}  // namespace ablate
