#include "experiments/data/transforms.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <numeric>

namespace ablate {
namespace {

std::uint64_t split_mix(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void mirror(Picture& picture) {
  const auto row_bytes = std::ptrdiff_t(picture.width) * picture.channels;
  for (int y = 0; y < picture.height; ++y) {
    std::uint8_t* row = picture.pixels.data() + y * row_bytes;
    for (int left = 0, right = picture.width - 1; left < right; ++left, --right)
      std::swap_ranges(row + left * picture.channels, row + (left + 1) * picture.channels,
                       row + right * picture.channels);
  }
}

}  // namespace

Random::Random(std::uint64_t seed, std::uint64_t stream) {
  std::uint64_t mixed = seed;
  mixed = split_mix(mixed) ^ (stream * 0xd1342543de82ef95u + 1);
  for (std::uint64_t& word : state_) word = split_mix(mixed);
}

std::uint64_t Random::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double Random::uniform() { return double(next() >> 11) * 0x1p-53; }

std::uint64_t Random::below(std::uint64_t n) {
  // The high half of a 128-bit product; its bias, below n/2⁶⁴, is out of reach of any test.
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * n) >> 64);
}

double Random::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

Augmentation Augmentation::from(const RunConfig& config) { return {config.real("data.flip")}; }

void augment(Sample& sample, const Augmentation& augmentation, std::uint64_t seed, std::uint64_t epoch,
             std::uint64_t index) {
  Random random(seed ^ std::rotl(epoch, 32), index);
  if (random.uniform() < augmentation.flip)
    for (auto& [name, plane] : sample.planes) mirror(plane);
}

std::vector<std::size_t> shuffled(std::size_t n, std::uint64_t seed, std::uint64_t epoch) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t(0));
  Random random(seed, epoch + 1);
  for (std::size_t i = n; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

}  // namespace ablate
