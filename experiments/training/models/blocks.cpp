#include "experiments/training/models/blocks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "experiments/training/models/activations.h"
#include "runs/error.h"

namespace ablate {
namespace {

using torch::Tensor;
namespace nn = torch::nn;

void check_known(const char* key, const std::string& value, const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), value) == known.end()) {
    throw Error(fmt::format("{}: unknown value \"{}\"; known are {}.", key, value, fmt::join(known, ", ")));
  }
}

bool residual_here(const std::string& where, Place place) {
  if (where == "encoder") return place == Place::down;
  if (where == "decoder") return place == Place::up;
  if (where == "no-bottleneck") return place != Place::bottom;
  return true;
}

/// Two where there is something to halve: PyTorch's pooling refuses sides of one pixel.
std::vector<std::int64_t> window(const Tensor& x) {
  return {std::min<std::int64_t>(2, x.size(2)), std::min<std::int64_t>(2, x.size(3))};
}

class MaxPool : public Layer {
 public:
  MaxPool() : Layer("MaxPool2d") {}
  Tensor forward(Tensor x) override { return torch::max_pool2d(x, window(x)); }
};

class AveragePool : public Layer {
 public:
  AveragePool() : Layer("AvgPool2d") {}
  Tensor forward(Tensor x) override { return torch::avg_pool2d(x, window(x)); }
};

class MeanOfPools : public Layer {
 public:
  MeanOfPools() : Layer("MaxAvgPool2d") {}
  Tensor forward(Tensor x) override {
    const auto size = window(x);
    return (torch::max_pool2d(x, size) + torch::avg_pool2d(x, size)) / 2;
  }
};

class StridedConvolution : public Layer {
 public:
  explicit StridedConvolution(std::int64_t channels) : Layer("Conv2d") {
    // A copy of Conv2d's two parameters under Conv2d's names: a sub-module would put its name into the state dict.
    nn::Conv2d made(nn::Conv2dOptions(channels, channels, 3).stride(2).padding(1));
    weight_ = register_parameter("weight", made->weight.detach());
    bias_ = register_parameter("bias", made->bias.detach());
  }
  Tensor forward(Tensor x) override { return torch::conv2d(x, weight_, bias_, {2, 2}, {1, 1}); }

 private:
  Tensor weight_, bias_;
};

class NoPool : public Layer {
 public:
  NoPool() : Layer("Identity") {}
  Tensor forward(Tensor x) override { return x; }
};

}  // namespace

Block::Block(const BlockOptions& options, Place place, std::int64_t channels_in, std::int64_t channels_out,
             std::optional<std::int64_t> middle)
    : Layer("Block") {
  check_known("model.norm_sharing", options.norm_sharing, norm_sharing_names());
  check_known("model.residual", options.residual, residual_names());
  check_known("model.residual_in", options.residual_in, residual_in_names());
  const std::int64_t between = middle.value_or(channels_out);
  const bool shared = options.norm_sharing != "none" && between == channels_out;
  residual_ = options.residual != "none" && residual_here(options.residual_in, place);

  conv1_ = register_module("conv1", nn::Conv2d(nn::Conv2dOptions(channels_in, between, 3).padding(1)));
  if ((norm1_ = make_norm(options.norm, between))) register_module("norm1", norm1_);
  act1_ = register_module("act1", make_activation(options.activation));
  conv2_ = register_module("conv2", nn::Conv2d(nn::Conv2dOptions(between, channels_out, 3).padding(1)));
  if ((norm2_ = shared ? norm1_ : make_norm(options.norm, channels_out))) register_module("norm2", norm2_);
  act2_ = register_module("act2", make_activation(options.activation));
  if (!residual_ || channels_in == channels_out) return;
  projection_ = register_module("projection", nn::Conv2d(nn::Conv2dOptions(channels_in, channels_out, 1)));
  if (options.residual != "norm") return;
  projection_norm_ = options.norm_sharing == "block+residual" ? norm2_ : make_norm(options.norm, channels_out);
  if (projection_norm_) register_module("projection_norm", projection_norm_);
}

Tensor Block::forward(Tensor x) {
  Tensor y = conv1_(x);
  if (norm1_) y = norm1_->forward(y);
  y = conv2_(act1_->forward(std::move(y)));
  if (norm2_) y = norm2_->forward(y);
  y = act2_->forward(std::move(y));
  if (!residual_) return y;
  if (projection_) x = projection_(x);
  if (projection_norm_) x = projection_norm_->forward(std::move(x));
  return y + x;
}

LayerPtr make_pool(const std::string& name, std::int64_t channels) {
  check_known("model.pool", name, pool_names());
  if (name == "max") return std::make_shared<MaxPool>();
  if (name == "avg") return std::make_shared<AveragePool>();
  if (name == "max+avg") return std::make_shared<MeanOfPools>();
  if (name == "stride") return std::make_shared<StridedConvolution>(channels);
  return std::make_shared<NoPool>();
}

std::vector<std::string> pool_names() { return {"max", "avg", "max+avg", "stride", "none"}; }
std::vector<std::string> norm_sharing_names() { return {"none", "block", "block+residual"}; }
std::vector<std::string> residual_names() { return {"none", "plain", "norm"}; }
std::vector<std::string> residual_in_names() { return {"all", "encoder", "decoder", "no-bottleneck"}; }

}  // namespace ablate
