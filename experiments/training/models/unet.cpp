#include "experiments/training/models/unet.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "runs/error.h"

namespace ablate {
namespace {

using torch::Tensor;
namespace nn = torch::nn;

enum class Skip { concat, add, multiply, none };
enum class Resize { nearest, transposed, bilinear, pixelshuffle };

template <class Enum>
Enum parse(const char* key, const std::string& value, const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (value == names[i]) return static_cast<Enum>(i);
  }
  throw Error(fmt::format("{}: unknown value \"{}\"; known are {}.", key, value, fmt::join(names, ", ")));
}

/// How many channels meet at a level of the decoder whose input has `deep` channels and whose skip has `deep` / 2.
struct Meeting {
  bool reduces;         ///< a convolution halves the channels before joining
  std::int64_t joined;  ///< channels that the block gets
  std::optional<std::int64_t> middle;

  Meeting(Resize resize, Skip skip, std::int64_t deep) {
    // Bilinear leaves halving to the block, except where joining needs equal channels.
    reduces = resize != Resize::bilinear || skip == Skip::add || skip == Skip::multiply;
    const std::int64_t arriving = reduces ? deep / 2 : deep;
    joined = skip == Skip::concat ? arriving + deep / 2 : arriving;
    if (!reduces) middle = joined / 2;
  }
};

/// Doubles the size, joins the skip, then a block whose modules stand under this one's own names ("up1.conv1").
class Up : public Block {
 public:
  Up(const UNetOptions& options, std::int64_t deep) : Up(options, deep, parse_resize(options), parse_skip(options)) {}

  /// x {B, deep, h, w}, skip {B, deep/2, H, W} → {B, deep/2, H, W}
  Tensor join(Tensor x, const Tensor& skip) {
    const std::vector<std::int64_t> size{skip.size(2), skip.size(3)};
    if (resize_ == Resize::bilinear) {
      if (reduce_) x = reduce_(x);
      x = torch::upsample_bilinear2d(x, size, true);
    } else {
      x = transposed_ ? transposed_(x) : reduce_(x);
      if (resize_ == Resize::pixelshuffle) x = torch::pixel_shuffle(x, 2);
      if (x.size(2) != size[0] || x.size(3) != size[1]) x = torch::upsample_nearest2d(x, size);
    }
    switch (skip_) {
      case Skip::concat:
        x = torch::cat({x, skip}, 1);
        break;
      case Skip::add:
        x = x + skip;
        break;
      case Skip::multiply:
        x = x * skip;
        break;
      case Skip::none:
        break;
    }
    return Block::forward(std::move(x));
  }

 private:
  Up(const UNetOptions& options, std::int64_t deep, Resize resize, Skip skip)
      : Block(options.block, Place::up, Meeting(resize, skip, deep).joined, deep / 2,
              Meeting(resize, skip, deep).middle),
        resize_(resize),
        skip_(skip) {
    if (resize == Resize::transposed) {
      transposed_ =
          register_module("reduce", nn::ConvTranspose2d(nn::ConvTranspose2dOptions(deep, deep / 2, 2).stride(2)));
    } else if (Meeting(resize, skip, deep).reduces) {
      const std::int64_t channels = resize == Resize::pixelshuffle ? deep * 2 : deep / 2;
      reduce_ = register_module("reduce", nn::Conv2d(nn::Conv2dOptions(deep, channels, 1)));
    }
  }

  static Resize parse_resize(const UNetOptions& options) { return parse<Resize>("model.up", options.up, up_names()); }
  static Skip parse_skip(const UNetOptions& options) { return parse<Skip>("model.skip", options.skip, skip_names()); }

  Resize resize_;
  Skip skip_;
  nn::Conv2d reduce_{nullptr};
  nn::ConvTranspose2d transposed_{nullptr};
};

class UNet : public Layer {
 public:
  explicit UNet(const UNetOptions& options) : Layer("UNet") {
    const std::int64_t c = options.channels;
    for (std::int64_t level = 0; level < options.depth; ++level) {
      const std::int64_t channels = c << level;
      downs_.push_back(
          register_module(fmt::format("down{}", level + 1),
                          std::make_shared<Block>(options.block, Place::down, level ? channels / 2 : 3, channels)));
      pools_.push_back(register_module(fmt::format("pool{}", level + 1), make_pool(options.pool, channels)));
    }
    bottom_ = register_module(
        "bottom", std::make_shared<Block>(options.block, Place::bottom, c << (options.depth - 1), c << options.depth));
    for (std::int64_t level = options.depth; level > 0; --level) {
      ups_.push_back(
          register_module(fmt::format("up{}", options.depth - level + 1), std::make_shared<Up>(options, c << level)));
    }
    head_ = register_module("head", nn::Conv2d(nn::Conv2dOptions(c, options.outputs, 1)));
  }

  Tensor forward(Tensor x) override {
    TORCH_CHECK(x.dim() == 4 && x.size(1) == 3, "a U-Net takes {B, 3, H, W}, not ", x.sizes());
    std::vector<Tensor> skips;
    for (std::size_t level = 0; level < downs_.size(); ++level) {
      skips.push_back(downs_[level]->forward(std::move(x)));
      x = pools_[level]->forward(skips.back());
    }
    x = bottom_->forward(std::move(x));
    for (const auto& up : ups_) {
      x = up->join(std::move(x), skips.back());
      skips.pop_back();
    }
    return head_(x);
  }

 private:
  std::vector<LayerPtr> downs_, pools_;
  LayerPtr bottom_;
  std::vector<std::shared_ptr<Up>> ups_;
  nn::Conv2d head_{nullptr};
};

}  // namespace

LayerPtr make_unet(const UNetOptions& options) { return std::make_shared<UNet>(options); }

std::vector<std::string> skip_names() { return {"concat", "add", "multiply", "none"}; }
std::vector<std::string> up_names() { return {"nearest", "transposed", "bilinear", "pixelshuffle"}; }

}  // namespace ablate
