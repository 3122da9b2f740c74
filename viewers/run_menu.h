#pragma once

#include <string>

#include "viewers/colors.h"
#include "viewers/panel.h"
#include "viewers/run_notes.h"

namespace ablate {

/// The lines of a menu that do something with a run: stop, resume, another learning rate, its place in the queue;
/// notes, colour, archive, bin. What fails shows up in Workspace::error.
class RunMenu {
 public:
  /// Within an open menu. `run` nullptr: none is selected, and nothing can be pressed.
  void draw(Workspace& workspace, const RunView* run);

 private:
  void draw_lr(Workspace& workspace, const RunView& run);
  void draw_marks(Workspace& workspace, const RunView* run);
  void draw_colors(Workspace& workspace, const RunView& run);

  RunNotes notes_;
  Color mixed_{};      ///< as it is being chosen
  std::string typed_;  ///< learning rate
};

}  // namespace ablate
