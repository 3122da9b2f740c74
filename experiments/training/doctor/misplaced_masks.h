#pragma once

#include <optional>
#include <string>

#include "experiments/training/doctor/seen_set.h"

namespace ablate {

/// All masks of a set moved, turned or scaled the same way: a border cut off, a picture turned by its camera's mark, a
/// resize that rounds otherwise or crops.
struct Misplacement {
  std::string how;       ///< "5 of 64 pixels too low", "mirrored"
  std::string cure;      ///< "move them up by 8 % of their height"
  double gain = 0;       ///< once moved back: how much more their borders lie on their pictures' edges (logarithm)
  double certainty = 0;  ///< standard errors of that
};

/// Tries to move the masks by up to an eighth of the longer side, to turn them round, and to scale them. None where no
/// move brings their borders onto edges more, or not as much as masks that are larger or smaller all around would be.
/// At most 64 samples are looked at; all masks have a border.
std::optional<Misplacement> misplacement(const SeenSet& set);

}  // namespace ablate
