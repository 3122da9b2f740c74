#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "experiments/training/models/blocks.h"

namespace ablate {

struct UNetOptions {
  std::int64_t channels = 16;  ///< of the first level; each level doubles them
  std::int64_t depth = 4;
  std::int64_t outputs = 1;
  std::string skip = "concat";  ///< concat | add | multiply | none
  std::string pool = "max";     ///< max | avg | max+avg | stride | none
  std::string up = "nearest";   ///< nearest | transposed | bilinear | pixelshuffle
  BlockOptions block;
};

/// The U-Net of Ronneberger, Fischer and Brox (2015) with padded convolutions: `depth` levels of a block and a pooling,
/// the bottom, and as many levels of up-sampling, joining the level's output ("concat": [up, skip]) and a block. Up:
/// "nearest" and "pixelshuffle" after a conv1×1, "transposed" 2×2 stride 2, "bilinear" (align_corners) before a block
/// that halves the channels. {B, 3, H, W} → logits {B, outputs, H, W}, for any H and W. Children: down1 … downN and
/// pool1 … poolN, bottom, up1 (next to the bottom) … upN, head. Throws Error for an unknown value.
LayerPtr make_unet(const UNetOptions& options);

std::vector<std::string> skip_names();
std::vector<std::string> up_names();

}  // namespace ablate
