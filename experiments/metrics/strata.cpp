#include "experiments/metrics/strata.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "runs/error.h"

namespace ablate {
namespace {

constexpr std::array kAreaStrata{
    Stratum{"area 0-.3", 0, .3},   Stratum{"area .3-.5", .3, .5}, Stratum{"area .5-.7", .5, .7},
    Stratum{"area .7-.9", .7, .9}, Stratum{"area .9-1", .9, 1},
};

/// Mean and variance of numbers added one by one (Welford, 1962).
struct RunningVariance {
  double count = 0, mean = 0, squares = 0;
  void add(double value) {
    const double before = value - mean;
    mean += before / ++count;
    squares += before * (value - mean);
  }
  double variance() const { return squares / count; }
};

/// −1 is beside 0 as 1 is, and so at the other end; in a row of one pixel there is but that one.
int mirrored_index(int index, int count) {
  if (count == 1) return 0;
  return index < 0 ? -index : index >= count ? 2 * count - 2 - index : index;
}

double laplacian_variance(const std::vector<double>& luma, int height, int width) {
  const auto at = [&](int y, int x) {
    return luma[static_cast<std::size_t>(mirrored_index(y, height)) * static_cast<std::size_t>(width) +
                static_cast<std::size_t>(mirrored_index(x, width))];
  };
  RunningVariance result;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      result.add(at(y - 1, x) + at(y + 1, x) + at(y, x - 1) + at(y, x + 1) - 4 * at(y, x));
  return result.variance();
}

}  // namespace

std::span<const Stratum> area_strata() { return kAreaStrata; }

double area_share(PlaneView target) {
  if (has_nan(target)) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(above(target, .5F).count()) / static_cast<double>(target.size());
}

const Stratum& stratum_of(std::span<const Stratum> strata, double value) {
  for (const Stratum& stratum : strata)
    if (value >= stratum.from && (value < stratum.to || (&stratum == &strata.back() && value == stratum.to)))
      return stratum;
  throw Error(fmt::format("a value of {} lies in none of the {} strata", value, strata.size()));
}

PictureKeys picture_keys(const Picture& picture) {
  const auto& [height, width, channels, pixels] = picture;
  const bool known = channels == 1 || channels == 3 || channels == 4;
  if (!known || height < 1 || width < 1 ||
      pixels.size() != static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * std::size_t(channels))
    throw Error(fmt::format("a picture of {} × {} pixels with {} channels cannot have {} bytes", height, width,
                            channels, pixels.size()));
  const std::size_t stride = static_cast<std::size_t>(channels), colours = channels == 1 ? 1 : 3;
  std::array<RunningVariance, 3> of_channel;
  std::vector<double> luma;
  luma.reserve(pixels.size() / stride);
  for (std::size_t i = 0; i < pixels.size(); i += stride) {
    for (std::size_t c = 0; c < colours; ++c) of_channel[c].add(pixels[i + c] / 255.0);
    luma.push_back(colours == 1 ? pixels[i] : .299 * pixels[i] + .587 * pixels[i + 1] + .114 * pixels[i + 2]);
  }
  PictureKeys keys;
  for (std::size_t c = 0; c < colours; ++c) {
    keys.brightness += of_channel[c].mean / double(colours);
    keys.colour_variance += of_channel[c].variance() / double(colours);
  }
  keys.sharpness = laplacian_variance(luma, height, width);
  return keys;
}

}  // namespace ablate
