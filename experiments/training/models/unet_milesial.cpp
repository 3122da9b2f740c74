#include "experiments/training/models/unet_milesial.h"

#include <fmt/format.h>

#include <vector>

#include "experiments/training/models/activations.h"
#include "experiments/training/models/blocks.h"
#include "runs/error.h"

namespace ablate {
namespace {

using torch::Tensor;
namespace nn = torch::nn;

/// Children under the names that the published weights have, called one after the other.
class Sequence : public Layer {
 public:
  explicit Sequence(const char* kind) : Layer(kind) {}
  void add(const std::string& name, LayerPtr layer) {
    if (layer) layers_.push_back(register_module(name, std::move(layer)));
  }
  Tensor forward(Tensor x) override {
    for (const LayerPtr& layer : layers_) x = layer->forward(std::move(x));
    return x;
  }

 private:
  std::vector<LayerPtr> layers_;
};

class Convolution : public Layer {
 public:
  Convolution(std::int64_t in, std::int64_t out) : Layer("Conv2d") {
    const nn::Conv2d made(nn::Conv2dOptions(in, out, 3).padding(1).bias(false));
    weight_ = register_parameter("weight", made->weight.detach());
  }
  Tensor forward(Tensor x) override { return torch::conv2d(x, weight_, {}, 1, 1); }

 private:
  Tensor weight_;
};

/// (conv → norm → act) twice, as `double_conv.0 … double_conv.5`.
LayerPtr double_conv(const UNetMilesialOptions& options, std::int64_t in, std::int64_t out, std::int64_t middle) {
  auto inner = std::make_shared<Sequence>("Sequential");
  for (int half = 0; half < 2; ++half) {
    inner->add(std::to_string(3 * half), std::make_shared<Convolution>(half ? middle : in, half ? out : middle));
    inner->add(std::to_string(3 * half + 1), make_norm(options.norm, half ? out : middle));
    inner->add(std::to_string(3 * half + 2), make_activation(options.activation));
  }
  auto outer = std::make_shared<Sequence>("DoubleConv");
  outer->add("double_conv", inner);
  return outer;
}

LayerPtr down(const UNetMilesialOptions& options, std::int64_t in, std::int64_t out) {
  auto inner = std::make_shared<Sequence>("Sequential");
  inner->add("0", make_pool("max", in));
  inner->add("1", double_conv(options, in, out, out));
  auto outer = std::make_shared<Sequence>("Down");
  outer->add("maxpool_conv", inner);
  return outer;
}

class MilesialUp : public Layer {
 public:
  MilesialUp(const UNetMilesialOptions& options, std::int64_t in, std::int64_t out) : Layer("Up") {
    const bool bilinear = options.up == "bilinear";
    if (!bilinear)
      up_ = register_module("up", nn::ConvTranspose2d(nn::ConvTranspose2dOptions(in, in / 2, 2).stride(2)));
    conv_ = register_module("conv", double_conv(options, in, out, bilinear ? in / 2 : out));
  }

  Tensor join(Tensor x, const Tensor& skip) {
    x = up_ ? up_(x) : torch::upsample_bilinear2d(x, {2 * x.size(2), 2 * x.size(3)}, true);
    const std::int64_t down = skip.size(2) - x.size(2), right = skip.size(3) - x.size(3);
    x = torch::constant_pad_nd(x, {right / 2, right - right / 2, down / 2, down - down / 2});
    return conv_->forward(torch::cat({skip, x}, 1));
  }
  Tensor forward(Tensor) override { throw Error("An up-sampling level needs its skip: call join()."); }

 private:
  nn::ConvTranspose2d up_{nullptr};
  LayerPtr conv_;
};

class UNetMilesial : public Layer {
 public:
  explicit UNetMilesial(const UNetMilesialOptions& options) : Layer("UNetMilesial") {
    if (options.up != "transposed" && options.up != "bilinear")
      throw Error(fmt::format("model.up: unet-milesial takes transposed or bilinear, not {}.", options.up));
    const std::int64_t c = options.channels, halved = options.up == "bilinear" ? 2 : 1;
    inc_ = register_module("inc", double_conv(options, 3, c, c));
    for (int level = 1; level <= 4; ++level)
      downs_.push_back(register_module(fmt::format("down{}", level),
                                       down(options, c << (level - 1), (c << level) / (level == 4 ? halved : 1))));
    for (int level = 4; level >= 1; --level)
      ups_.push_back(register_module(
          fmt::format("up{}", 5 - level),
          std::make_shared<MilesialUp>(options, c << level, (c << (level - 1)) / (level == 1 ? 1 : halved))));
    auto outc = std::make_shared<OutConv>();
    outc->conv = outc->register_module("conv", nn::Conv2d(nn::Conv2dOptions(c, options.outputs, 1)));
    outc_ = register_module("outc", outc);
  }

  Tensor forward(Tensor x) override {
    TORCH_CHECK(x.dim() == 4 && x.size(1) == 3, "a U-Net takes {B, 3, H, W}, not ", x.sizes());
    std::vector<Tensor> levels{inc_->forward(std::move(x))};
    for (const LayerPtr& each : downs_) levels.push_back(each->forward(levels.back()));
    x = std::move(levels.back());
    levels.pop_back();
    for (const auto& up : ups_) {
      x = up->join(std::move(x), levels.back());
      levels.pop_back();
    }
    return outc_->forward(std::move(x));
  }

 private:
  struct OutConv : Layer {
    OutConv() : Layer("OutConv") {}
    Tensor forward(Tensor x) override { return conv(x); }
    nn::Conv2d conv{nullptr};
  };

  LayerPtr inc_;
  std::vector<LayerPtr> downs_;
  std::vector<std::shared_ptr<MilesialUp>> ups_;
  std::shared_ptr<OutConv> outc_;
};

}  // namespace

LayerPtr make_unet_milesial(const UNetMilesialOptions& options) { return std::make_shared<UNetMilesial>(options); }

}  // namespace ablate
