#pragma once

#include <imgui.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "runs/series.h"
#include "viewers/colors.h"

namespace ablate {

enum class MaskView {
  soft,       ///< as the network says it, 0 to 1
  threshold,  ///< black and white
  overlay,    ///< tinted over the input
  errors,     ///< what is too much and what is missing, against the target
};

/// A picture of a run, and how it is to be seen. `input` and `target` are of the same sample; without them overlay and
/// errors fall back to soft.
struct PictureWish {
  std::shared_ptr<const RunData> data;
  ImagePoint image;
  std::optional<ImagePoint> input, target;
  bool is_mask = false;  ///< the view and the threshold concern it
  MaskView view = MaskView::soft;
  int threshold_percent = 50;
  Color tint{1, 1, 1};
  int channel = 0;  ///< of a picture that is no mask: 1 is the first one alone, as grey; 0: all, as colours
};

struct ShownPicture {
  ImTextureRef texture;
  int width = 0, height = 0;
  std::optional<double> iou;  ///< against the target, at the threshold
  double share = 0;           ///< of a mask's pixels at or above the threshold
  std::string problem;        ///< why there is no picture; empty when there is
};

/// Pictures for the drawing thread: read, decoded and coloured by a thread of its own, kept while they are used.
/// All members are for the drawing thread, and need a current ImGui context except for the constructor.
class TextureCache {
 public:
  /// `ready` is called from the other thread when a picture has come.
  explicit TextureCache(std::function<void()> ready);
  /// After the renderer has been shut down, before the ImGui context is destroyed.
  ~TextureCache();
  TextureCache(const TextureCache&) = delete;
  TextureCache& operator=(const TextureCache&) = delete;

  /// Once at the beginning and at the end of each frame.
  void begin_frame();
  void end_frame();

  /// The wished picture; while it is being made, what `slot` (a place on the screen) showed last; nullptr if nothing
  /// yet.
  const ShownPicture* get(const std::string& slot, const PictureWish& wish);

  /// Everything wished for in the last frame was there.
  bool idle() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ablate
