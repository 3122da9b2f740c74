#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "experiments/training/models/layer.h"
#include "experiments/training/models/norms.h"

namespace ablate {

/// Where a block stands in a U-Net.
enum class Place { down, bottom, up };

struct BlockOptions {
  std::string activation = "relu";
  NormOptions norm;
  std::string norm_sharing = "none";  ///< none | block | block+residual
  std::string residual = "none";      ///< none | plain | norm
  std::string residual_in = "all";    ///< all | encoder | decoder | no-bottleneck
};

/// conv3×3 → norm → act → conv3×3 → norm → act, plus the input where there is a residual: added after the last
/// activation, through a conv1×1 (and with "norm" a norm of its own) where channels differ. Modules are registered as
/// conv1, norm1, act1, conv2, norm2, act2, projection, projection_norm; a shared norm under all its names. A norm can
/// be shared only between places of equal channels: with `middle` channels of its own, norm1 stands alone.
class Block : public Layer {
 public:
  Block(const BlockOptions& options, Place place, std::int64_t channels_in, std::int64_t channels_out,
        std::optional<std::int64_t> middle = {});
  /// {B, channels_in, H, W} → {B, channels_out, H, W}
  torch::Tensor forward(torch::Tensor x) override;

 private:
  bool residual_ = false;
  torch::nn::Conv2d conv1_{nullptr}, conv2_{nullptr}, projection_{nullptr};
  LayerPtr norm1_, norm2_, projection_norm_, act1_, act2_;
};

/// Halves height and width (except "none"); a side of one pixel stays. {B, C, H, W} → {B, C, ⌊H/2⌋, ⌊W/2⌋}; "stride", a
/// 3×3 convolution, rounds up; "max+avg" is the mean of the two. Throws Error for an unknown name.
LayerPtr make_pool(const std::string& name, std::int64_t channels);

std::vector<std::string> pool_names();
std::vector<std::string> norm_sharing_names();
std::vector<std::string> residual_names();
std::vector<std::string> residual_in_names();

}  // namespace ablate
