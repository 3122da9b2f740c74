#pragma once

#include <functional>
#include <string>
#include <vector>

#include "viewers/curves/plot.h"
#include "viewers/panel.h"

namespace ablate {

/// The popup that keeps what is in sight in a file: its points as CSV, the plots as an SVG picture, the panel as PNG.
class SavePopup {
 public:
  static constexpr const char* kName = "save";

  /// Within the panel's window, which is the part of the picture that becomes a PNG. `limits`: of each plot's y axis.
  void draw(Workspace& workspace, const std::vector<Plot>& plots, const XView& view,
            const std::function<Limits(const Plot&)>& limits);

 private:
  std::string name_ = "curves";
};

}  // namespace ablate
