#pragma once

#include <torch/torch.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "experiments/run_config.h"
#include "runs/types.h"

namespace ablate {

/// Planes of one picture, float32 {C, H, W}, all of the picture's size.
using Planes = std::vector<torch::Tensor>;

/// Below this many pixels a tile sees too little of a person.
constexpr int kSmallestTile = 128;

/// How a network looks at a picture, in pixels.
struct Sight {
  int reach = 0;  ///< how far to each side what a pixel's mask depends on lies, at most
  int grid = 1;   ///< pixels that the deepest level sees as one

  /// Pictures of fewer pixels a side leave the deepest level a single one, of which norms can't take statistics.
  int smallest_side() const { return 2 * grid; }
  /// Of tiles whose inner part sees all that it would see in the whole picture: a margin is at most 5/16 of a side.
  int seamless_side() const { return (reach * 16 + 4) / 5; }
};

/// Of the network that the configuration asks for.
Sight sight_of(const RunConfig& config);

/// A part of a picture, in pixels.
struct Tile {
  int top = 0, left = 0, height = 0, width = 0;
};

/// One tile where height and width are at most `side`. Else tiles of `side` × `side` pixels, as far as the picture
/// goes, that cover height × width, rounded up to whole `sight.grid`s: tiles begin and end at multiples of it, so that
/// pooling takes the same pixels together in all of them. Throws Error for a side under sight.smallest_side().
std::vector<Tile> tiles_of(int height, int width, int side, const Sight& sight);

/// `predict` on every tile of the picture, whose last row and column are repeated up to whole grids, and cut off again:
/// of other sizes a network doubles pixels unevenly, and tiles would not fit the whole. At edges inside of the picture
/// a margin counts for nothing (sight.reach, where the side is seamless_side() or more), then weights rise linearly;
/// what lies on several tiles is their mean. Up to rounding that is `predict` of the whole repeated picture, for a
/// network in eval mode whose norms take no statistics of the tile and whose up-sampling does not depend on the size
/// (bilinear with align_corners does).
Planes predict_in_tiles(const Picture& picture, int side, const Sight& sight,
                        const std::function<Planes(const Picture&)>& predict);

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
