#pragma once

#include <memory>

#include "experiments/data/dataset.h"

namespace ablate {

/// `count` drawn portraits, each determined by its index alone: a head with hair, a neck and shoulders before a
/// textured background, in day or night light; planes "image" (RGB) and "mask" (grey, soft edges at the hair). Drawn
/// when first asked for, and kept as long as all of them are a few hundred megabytes.
std::shared_ptr<const Dataset> make_synthetic_portraits(std::size_t count, int height, int width);

}  // namespace ablate
