#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ablate {

/// Number of optimiser updates made so far; what TensorBoard calls `step`.
using Step = std::int64_t;

/// One point of a scalar tag. `wall_seconds` is Unix time.
struct ScalarPoint {
  Step step = 0;
  double wall_seconds = 0;
  double value = 0;
};

/// A picture of 8-bit pixels, rows from the top, channels interleaved: grey (1), RGB (3) or RGBA (4).
struct Picture {
  int height = 0;
  int width = 0;
  int channels = 0;
  std::vector<std::uint8_t> pixels;
};

}  // namespace ablate
