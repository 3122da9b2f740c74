#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiments/experiment.h"
#include "viewers/panel.h"

struct GLFWwindow;

namespace ablate {

class Contents;
class WakeUp;

struct WindowOptions {
  std::filesystem::path root;  ///< runs are launched here; need not exist yet
  std::vector<std::filesystem::path>
      more_paths;  ///< other runs roots, single runs, or any TensorBoard log folders, shown too
  std::optional<Experiment> launch_on_start;  ///< launched as if its button had been pressed
  /// Where layout and choices are remembered; empty: not at all. The usual place is settings_folder().
  std::filesystem::path settings;
  std::filesystem::path cache;  ///< where what was read of long logs is kept; empty: nowhere. Usually cache_folder()
  int width = 1600, height = 1000;  ///< where nothing is remembered
  /// Asked at least twice a second, on the drawing thread; true closes the window. Empty: a person closes it.
  std::function<bool(const Snapshot&)> close_when;
};

/// $XDG_CONFIG_HOME/ablate, or ~/.config/ablate.
std::filesystem::path settings_folder();

/// Whether a window could be opened at all (a display is named); where not, there is write_screenshot.
bool has_display();

/// The desktop window: what shows Contents with GLFW and OpenGL. One at a time, on the main thread.
class Window {
 public:
  /// Throws Error where there is no display or no OpenGL 3.3.
  explicit Window(WindowOptions options);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  bool should_close() const;
  /// Draws one frame now.
  void frame();
  enum class Event { none, news, input };
  /// Waits until something happened (a person's input, or the system's wish to see the window again; news of the runs,
  /// a picture), at most `seconds`.
  Event wait(double seconds);

  Contents& contents() { return *contents_; }

 private:
  void build_frame();
  void restore_place();
  void remember_place();

  WindowOptions options_;
  GLFWwindow* window_ = nullptr;
  std::unique_ptr<WakeUp> wake_up_;
  std::unique_ptr<Contents> contents_;
  float scale_ = 1;
  bool uncovered_ = false;
};

/// Opens the window and returns when it is closed: 0. Runs go on. Throws Error as Window does.
int run_window(const WindowOptions& options);

}  // namespace ablate
