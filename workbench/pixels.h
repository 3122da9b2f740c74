#pragma once

#include "experiments/data/dataset.h"

namespace ablate {

/// What was drawn into the current OpenGL surface, RGB: a part of it, counted from its upper left corner, of a surface
/// that is so high. The thread of that context.
Picture read_pixels(int left, int top, int width, int height, int surface_height);

}  // namespace ablate
