#pragma once

#include <cstdint>

#include "experiments/data/dataset.h"

namespace ablate {

/// A stream of random numbers that depends only on its seeds: the same on every machine and standard library.
/// (SplitMix64 to seed, xoshiro256** to run: Blackman and Vigna, 2021.)
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0);
  std::uint64_t next();
  double uniform();                      ///< [0, 1)
  std::uint64_t below(std::uint64_t n);  ///< 0 … n−1
  double normal();                       ///< mean 0, deviation 1
 private:
  std::uint64_t state_[4];
};

/// Augments `sample` in place as data.augment asks, with numbers that depend on (seed, epoch, index) alone.
struct Augmentation {
  double flip = 0;  ///< probability of a horizontal flip of all planes
  static Augmentation from(const RunConfig& config);
};
void augment(Sample& sample, const Augmentation& augmentation, std::uint64_t seed, std::uint64_t epoch,
             std::uint64_t index);

/// The order of n samples in an epoch: a permutation that depends on (seed, epoch) alone.
std::vector<std::size_t> shuffled(std::size_t n, std::uint64_t seed, std::uint64_t epoch);

}  // namespace ablate
