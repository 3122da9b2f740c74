#pragma once

#include <torch/torch.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "runs/types.h"

namespace ablate {

/// Planes of one picture, float32 {C, H, W}, all of the picture's size.
using Planes = std::vector<torch::Tensor>;

/// Below this many pixels a tile sees too little of a person.
constexpr int kSmallestTile = 128;

/// A part of a picture, in pixels.
struct Tile {
  int top = 0, left = 0, height = 0, width = 0;
};

/// Tiles of `side` × `side` pixels (less where the picture is smaller) that cover height × width, neighbours sharing at
/// least a quarter of a side.
std::vector<Tile> tiles_of(int height, int width, int side);

/// `predict` on every tile; where tiles overlap, their mean with weights that fall linearly to a tile's edge, so that
/// no seam is seen. One tile is `predict` itself.
Planes predict_in_tiles(const Picture& picture, int side, const std::function<Planes(const Picture&)>& predict);

/// The side of the largest square tile for which a pass fits in half of the memory that is free now; none where the
/// whole picture does. `bytes_per_pixel` is what PeakMemory measured of a smaller pass.
std::optional<int> side_that_fits(int height, int width, double bytes_per_pixel);

/// The most bytes that tensors of this thread hold at once beyond those there were, while it is alive.
class PeakMemory {
 public:
  PeakMemory();
  ~PeakMemory();
  PeakMemory(const PeakMemory&) = delete;
  PeakMemory& operator=(const PeakMemory&) = delete;
  double bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ablate
