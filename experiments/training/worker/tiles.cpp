#include "experiments/training/worker/tiles.h"

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>

namespace ablate {
namespace {

constexpr int kSideMultiple = 16;  // What a network of four levels halves without a rest.

/// Where tiles of `side` begin along a length: evenly spread, the last one ending at the end.
std::vector<int> starts_of(int length, int side) {
  if (side >= length) return {0};
  const int most_apart = std::max(1, side * 3 / 4);
  const int gaps = (length - side + most_apart - 1) / most_apart;
  std::vector<int> starts;
  for (int i = 0; i <= gaps; ++i)
    starts.push_back(static_cast<int>(std::lround(double(i) * (length - side) / std::max(gaps, 1))));
  return starts;
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

/// {length}: nothing at an edge inside of the picture, where the network saw zeros beyond it, then rising over the rest
/// of what tiles share; level at the picture's own edges.
torch::Tensor ramp(int start, int length, int whole) {
  const torch::Tensor rise =
      ((torch::arange(1, length + 1, torch::kFloat) - length / 16.0) / (length * 3 / 16.0)).clamp(0, 1);
  torch::Tensor weight = torch::ones({length});
  if (start > 0) weight = weight * rise;
  if (start + length < whole) weight = weight * rise.flip(0);
  return weight;
}

double free_bytes() {
  std::ifstream file("/proc/meminfo");
  for (std::string word; file >> word;) {
    double kilobytes = 0;
    if (word == "MemAvailable:" && file >> kilobytes) return kilobytes * 1024;
  }
  return HUGE_VAL;
}

}  // namespace

std::vector<Tile> tiles_of(int height, int width, int side) {
  std::vector<Tile> tiles;
  for (const int top : starts_of(height, side))
    for (const int left : starts_of(width, side))
      tiles.push_back({top, left, std::min(side, height), std::min(side, width)});
  return tiles;
}

Planes predict_in_tiles(const Picture& picture, int side, const std::function<Planes(const Picture&)>& predict) {
  const std::vector<Tile> tiles = tiles_of(picture.height, picture.width, side);
  if (tiles.size() == 1) return predict(picture);
  Planes sums;
  const torch::Tensor weights = torch::zeros({1, picture.height, picture.width});
  const auto place = [](const torch::Tensor& whole, const Tile& tile) {
    return whole.narrow(1, tile.top, tile.height).narrow(2, tile.left, tile.width);
  };
  for (const Tile& tile : tiles) {
    const Planes planes = predict(part_of(picture, tile));
    const torch::Tensor weight =
        ramp(tile.top, tile.height, picture.height).outer(ramp(tile.left, tile.width, picture.width)).unsqueeze(0);
    place(weights, tile).add_(weight);
    for (std::size_t i = 0; i < planes.size(); ++i) {
      if (i == sums.size()) sums.push_back(torch::zeros({planes[i].size(0), picture.height, picture.width}));
      place(sums[i], tile).addcmul_(planes[i], weight);
    }
  }
  for (torch::Tensor& sum : sums) sum.div_(weights);
  return sums;
}

std::optional<int> side_that_fits(int height, int width, double bytes_per_pixel) {
  const double pixels = free_bytes() / 2 / bytes_per_pixel;
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
