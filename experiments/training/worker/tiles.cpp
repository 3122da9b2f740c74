#include "experiments/training/worker/tiles.h"

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "experiments/training/worker/memory.h"
#include "runs/error.h"

namespace ablate {
namespace {

constexpr int kSideMultiple = 16;  // What a network of four levels halves without a rest.

/// How tiles of a side share pixels with their neighbours.
struct Overlap {
  int margin;  ///< that counts for nothing: the network saw too little around it
  int ramp;    ///< after it, over which weights rise to one
  int step;    ///< between the beginnings of tiles, at most

  Overlap(int side, const Sight& sight) : margin(0), ramp(std::max(1, side / 16)), step(sight.grid) {
    margin = std::min({sight.reach, side * 5 / 16, (side - ramp - sight.grid) / 2});
    step = (side - 2 * margin - ramp) / sight.grid * sight.grid;
  }
};

struct Span {
  int start, length;
};

/// Evenly spread over a length of whole grids; all as long as the side.
std::vector<Span> spans_of(int length, int side, const Sight& sight) {
  if (side >= length) return {{0, length}};
  const int step = Overlap(side, sight).step, rest = length - side, gaps = (rest + step - 1) / step;
  std::vector<Span> spans;
  for (int i = 0; i <= gaps; ++i) {
    const int start = static_cast<int>(std::int64_t(rest) * i / gaps) / sight.grid * sight.grid;
    spans.push_back({start, side});
  }
  return spans;
}

int whole_grids(int length, const Sight& sight) { return (length + sight.grid - 1) / sight.grid * sight.grid; }

/// The last row and column repeated.
Picture extended(const Picture& picture, int height, int width) {
  Picture result{height, width, picture.channels, {}};
  result.pixels.reserve(std::size_t(height) * width * picture.channels);
  const std::ptrdiff_t row = std::ptrdiff_t(picture.width) * picture.channels;
  for (int y = 0; y < height; ++y) {
    const auto begin = picture.pixels.begin() + std::min(y, picture.height - 1) * row;
    result.pixels.insert(result.pixels.end(), begin, begin + row);
    for (int x = picture.width; x < width; ++x)
      result.pixels.insert(result.pixels.end(), begin + row - picture.channels, begin + row);
  }
  return result;
}

Picture part_of(const Picture& picture, const Tile& tile) {
  Picture part;
  part.height = tile.height;
  part.width = tile.width;
  part.channels = picture.channels;
  for (int y = 0; y < tile.height; ++y) {
    const auto begin = picture.pixels.begin() +
                       (std::ptrdiff_t(tile.top + y) * picture.width + tile.left) * std::ptrdiff_t(picture.channels);
    part.pixels.insert(part.pixels.end(), begin, begin + std::ptrdiff_t(tile.width) * picture.channels);
  }
  return part;
}

/// {length}: the weights of a span's pixels in `whole`, level at the picture's own edges.
torch::Tensor weights_of(int start, int length, int whole, const Overlap& overlap) {
  const torch::Tensor rise = ((torch::arange(length, torch::kFloat) + 0.5 - overlap.margin) / overlap.ramp).clamp(0, 1);
  torch::Tensor weights = torch::ones({length});
  if (start > 0) weights = weights * rise;
  if (start + length < whole) weights = weights * rise.flip(0);
  return weights;
}

}  // namespace

Sight sight_of(const RunConfig& config) {
  const int depth = static_cast<int>(config.integer("model.depth"));
  // Two convolutions a block, one block a level down, one up.
  if (config.text("model.pool") == "none") return {4 * depth + 2, 1};
  // At level l a pixel is 2^l: 2 down, 1 pooled, 2 up and 1 (bilinear 2) doubled; 2 at the bottom.
  const int levels = (1 << depth) - 1, each = config.text("model.up") == "bilinear" ? 7 : 6;
  return {each * levels + 2 * (levels + 1), 1 << depth};
}

std::vector<Tile> tiles_of(int height, int width, int side, const Sight& sight) {
  if (side < sight.smallest_side())
    throw Error(fmt::format("Tiles of {} pixels are too small for this network: they need at least {}.", side,
                            sight.smallest_side()));
  if (height <= side && width <= side) return {{0, 0, height, width}};
  side -= side % sight.grid;
  std::vector<Tile> tiles;
  for (const Span& row : spans_of(whole_grids(height, sight), side, sight))
    for (const Span& column : spans_of(whole_grids(width, sight), side, sight))
      tiles.push_back({row.start, column.start, row.length, column.length});
  return tiles;
}

Planes predict_in_tiles(const Picture& given, int side, const Sight& sight,
                        const std::function<Planes(const Picture&)>& predict) {
  const Picture picture = extended(given, whole_grids(given.height, sight), whole_grids(given.width, sight));
  const std::vector<Tile> tiles = tiles_of(given.height, given.width, side, sight);
  const auto cut_off = [&](const torch::Tensor& plane) {
    return plane.narrow(1, 0, given.height).narrow(2, 0, given.width).contiguous();
  };
  if (tiles.size() == 1) {
    Planes planes = predict(picture);
    for (torch::Tensor& plane : planes) plane = cut_off(plane);
    return planes;
  }
  const Overlap overlap(side - side % sight.grid, sight);
  Planes sums;
  const torch::Tensor weights = torch::zeros({1, picture.height, picture.width});
  const auto place = [](const torch::Tensor& whole, const Tile& tile) {
    return whole.narrow(1, tile.top, tile.height).narrow(2, tile.left, tile.width);
  };
  for (const Tile& tile : tiles) {
    const Planes planes = predict(part_of(picture, tile));
    const torch::Tensor weight = weights_of(tile.top, tile.height, picture.height, overlap)
                                     .outer(weights_of(tile.left, tile.width, picture.width, overlap))
                                     .unsqueeze(0);
    place(weights, tile).add_(weight);
    for (std::size_t i = 0; i < planes.size(); ++i) {
      if (i == sums.size()) sums.push_back(torch::zeros({planes[i].size(0), picture.height, picture.width}));
      place(sums[i], tile).addcmul_(planes[i], weight);
    }
  }
  for (torch::Tensor& sum : sums) sum = cut_off(sum.div_(weights));
  return sums;
}

std::optional<int> side_that_fits(int height, int width, double bytes_per_pixel) {
  const double pixels = free_memory().value_or(HUGE_VAL) / 2 / bytes_per_pixel;
  if (double(height) * width <= pixels) return std::nullopt;
  return std::max(kSmallestTile, static_cast<int>(std::sqrt(pixels)) / kSideMultiple * kSideMultiple);
}

struct PeakMemory::Impl {
  struct Watch : c10::MemoryReportingInfoBase {
    void reportMemoryUsage(void*, std::int64_t size, std::size_t, std::size_t, c10::Device) override {
      held += size;
      most = std::max(most, held);
    }
    bool memoryProfilingEnabled() const override { return true; }
    std::int64_t held = 0, most = 0;
  };
  std::shared_ptr<Watch> watch = std::make_shared<Watch>();
  c10::DebugInfoGuard guard{c10::DebugInfoKind::PROFILER_STATE, watch};
};

PeakMemory::PeakMemory() : impl_(std::make_unique<Impl>()) {}
PeakMemory::~PeakMemory() = default;
double PeakMemory::bytes() const { return static_cast<double>(impl_->watch->most); }

}  // namespace ablate
