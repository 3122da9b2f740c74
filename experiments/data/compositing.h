#pragma once

#include <string>

#include "experiments/data/dataset.h"

namespace ablate {

/// An RGB picture with an opacity {H, W} of the same size: RGBA.
Picture cut_out(const Picture& rgb, const Picture& alpha);

/// αF + (1 − α)B, rounded; `background` of any size is brought to the foreground's (domain.md §7).
Picture composed(const Picture& rgb, const Picture& alpha, const Picture& background);

/// The background that `word` names behind `rgb`: "blur" (the picture itself, out of focus: a Gaussian whose σ is 4 %
/// of the longer side), a colour as "#00ff00", or a picture's file. Throws Error where it is none of these.
Picture background_for(const std::string& word, const Picture& rgb);

}  // namespace ablate
