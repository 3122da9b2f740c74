#pragma once

#include <cstdint>
#include <string>

#include "experiments/training/models/layer.h"
#include "experiments/training/models/norms.h"

namespace ablate {

struct UNetMilesialOptions {
  std::int64_t channels = 64;  ///< of the first level; four levels down each double them
  std::int64_t outputs = 1;
  std::string up = "transposed";  ///< transposed | bilinear
  std::string activation = "relu";
  NormOptions norm;
};

/// The U-Net that is known as milesial's Pytorch-UNet, under its state-dict names (inc, down1 … down4, up1 … up4, outc;
/// as published): convolutions without bias, the up-sampled padded to the skip's size and joined after it. {B, 3, H, W}
/// → logits {B, outputs, H, W}, for H and W of at least 16, which four halvings leave something of. Throws Error for an
/// unknown value.
LayerPtr make_unet_milesial(const UNetMilesialOptions& options);

}  // namespace ablate
