#pragma once

#include <string>

#include "viewers/panel.h"

namespace ablate {

/// The lines of a menu that do something with a run: stop, resume, another learning rate, its place in the queue. What
/// fails shows up in Workspace::error.
class RunMenu {
 public:
  /// Within an open menu. `run` nullptr: none is selected, and nothing can be pressed.
  void draw(Workspace& workspace, const RunView* run);

 private:
  void draw_lr(Workspace& workspace, const RunView& run);

  std::string typed_;  ///< learning rate
};

}  // namespace ablate
