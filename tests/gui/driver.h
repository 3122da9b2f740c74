#pragma once

#include <imgui.h>
#include <imgui_test_engine/imgui_te_context.h>
#include <imgui_test_engine/imgui_te_engine.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "workbench/contents.h"
#include "workbench/window.h"

namespace ablate {

/// A real window with the Test Engine in it.
class Driver {
 public:
  explicit Driver(WindowOptions options);
  /// Closes the window.
  ~Driver();

  /// Lets `body` press, type and wait; draws frames meanwhile. What the Test Engine finds wrong is a failure of the
  /// test.
  void run(const std::function<void(ImGuiTestContext&)>& body);
  /// From within `body`: draws frames until `wanted` holds; a failure after `seconds`.
  bool wait_until(ImGuiTestContext& context, const std::function<bool()>& wanted, double seconds, const char* what);
  void draw_frames(int count);

  /// How many pixels of a panel, as last drawn, have this colour, give or take a little. Not from within a `body`,
  /// which runs on a thread of its own.
  int pixels_like(const char* panel, Color color);
  /// The window as last drawn, into $ABLATE_PICTURES/NAME.png; nothing where that is not set. Not from within a `body`.
  void save_picture(const std::string& name);

  Window& window() { return *window_; }
  Contents& contents() { return window_->contents(); }
  const Snapshot& snapshot() { return *contents().workspace().snapshot; }
  /// By name; nullptr if there is none.
  const RunView* run_named(const std::string& name);

 private:
  Picture drawn(ImVec2 corner, ImVec2 size);

  std::unique_ptr<Window> window_;
  ImGuiTestEngine* engine_ = nullptr;
  double pause_ = 0;  ///< seconds between frames while nothing is pressed: the workers need the processor
};

/// How many points of it have been read; 0 where there is no such run.
std::size_t points(const RunView* run, const std::string& tag);
/// Predicted ones, and what they should be.
bool has_masks(const RunView* run);
bool is(const RunView* run, RunState state);

/// Under New experiment, an option that has no field of its own: chosen from the menu, then typed.
void set_added_option(ImGuiTestContext& context, const char* key, const char* value);

/// A folder of its own below the temporary folder, empty; removed at the end.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& name);
  ~TemporaryFolder();
  std::filesystem::path path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace ablate
