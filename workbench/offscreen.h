#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ablate {

struct ScreenshotOptions {
  std::filesystem::path file;  ///< a PNG, replaced if it exists
  std::filesystem::path root;  ///< as in WindowOptions
  std::vector<std::filesystem::path> more_paths;
  std::string view;  ///< a panel's title ("curves"): it alone fills the picture; empty: the window
  int width = 1600, height = 1000;
  float scale = 1;  ///< of text and everything
};

/// A picture of the window, drawn without any display (EGL without a surface), after everything has been read. Throws
/// Error: no OpenGL to be had, no such view (names them), file not writable, size absurd.
void write_screenshot(const ScreenshotOptions& options);

}  // namespace ablate
