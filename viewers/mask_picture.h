#pragma once

#include <map>
#include <optional>
#include <string>

#include "runs/types.h"
#include "viewers/texture_cache.h"

namespace ablate {

/// A picture as it is to be seen, and what was measured on the way.
struct MaskPicture {
  Picture rgba;
  std::optional<double> iou;
  double share = 0;
  std::string problem;
};

/// IoU of two grey pictures of one size at `threshold` (0 to 255, at or above is foreground); both empty: 1, one empty:
/// 0.
double iou_at(const Picture& prediction, const Picture& target, int threshold);

/// Colours a mask. `input` and `target` may be null; all of one size.
Picture colored_mask(const Picture& mask, const Picture* input, const Picture* target, MaskView view, int threshold,
                     const Color& tint);

/// One channel as grey, the last one where there are fewer. Two channels (grey and opacity) come decoded as four.
Picture channel_of(const Picture& picture, int channel, int logged_channels);

/// Reads, decodes and colours; keeps what it decoded lately. Never throws: what goes wrong is in `problem`. One thread.
class MaskPictureMaker {
 public:
  MaskPicture make(const PictureWish& wish);

 private:
  const Picture& decoded(const RunData& data, const ImagePoint& image);
  std::map<std::string, Picture> decoded_;
};

}  // namespace ablate
