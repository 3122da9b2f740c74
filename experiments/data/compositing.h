#pragma once

#include <optional>
#include <string>

#include "experiments/data/dataset.h"

namespace ablate {

/// An RGB picture with an opacity {H, W} of the same size: RGBA.
Picture cut_out(const Picture& rgb, const Picture& alpha);

/// αF + (1 − α)B, rounded; `background` of any size is brought to the foreground's.
Picture composed(const Picture& rgb, const Picture& alpha, const Picture& background);

/// What a person is put before: "blur" (the picture itself, out of focus: a Gaussian whose σ is 4 % of the longer
/// side), a colour as "#00ff00", or a picture's file.
class Background {
 public:
  /// Throws Error where `word` is none of these, and for a file that can't be read.
  explicit Background(const std::string& word);
  /// RGB, of any size (composed() brings it to the foreground's).
  Picture behind(const Picture& rgb) const;

 private:
  std::optional<Picture> given_;  ///< a colour as a single pixel; none: blur
};

}  // namespace ablate
