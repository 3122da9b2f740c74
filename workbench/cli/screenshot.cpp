// ablate screenshot OUT.png: the window as a picture, without a display.
#include <fmt/format.h>

#include <charconv>
#include <memory>

#include "workbench/cli/command.h"
#include "workbench/offscreen.h"

namespace ablate {
namespace {

struct Options {
  std::string size = "1600x1000";
  std::vector<std::string> paths;
  ScreenshotOptions screenshot;
};

/// "1600x1000" into width and height.
void read_size(const std::string& text, ScreenshotOptions& screenshot) {
  const char* end = text.data() + text.size();
  const auto width = std::from_chars(text.data(), end, screenshot.width);
  const auto height =
      width.ptr < end && *width.ptr == 'x' ? std::from_chars(width.ptr + 1, end, screenshot.height) : width;
  if (width.ec != std::errc() || height.ec != std::errc() || height.ptr != end || screenshot.width < 200 ||
      screenshot.height < 150 || screenshot.width > 8192 || screenshot.height > 8192)
    throw UsageError(
        fmt::format("--size {}: this needs the form WIDTHxHEIGHT, from 200x150 to 8192x8192, e.g. 1600x1000.", text));
}

int screenshot(const Invocation& invocation, Options options) {
  read_size(options.size, options.screenshot);
  options.screenshot.root = invocation.root();
  options.screenshot.more_paths = existing_paths(options.paths, kShownPaths);
  write_screenshot(options.screenshot);
  fmt::print("{}\n", options.screenshot.file.string());
  return 0;
}

}  // namespace

void add_screenshot(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("screenshot", "The window as a picture; needs no display");
  const auto options = std::make_shared<Options>();
  command.add_option("OUT.png", options->screenshot.file, "Where to write it")->required();
  command.add_option(
      "PATH", options->paths,
      "Folders of runs, runs, TensorBoard log folders; recorded range tests (lr, loss); Optuna's journals");
  command
      .add_option("--view", options->screenshot.view,
                  "One panel instead of the whole window: Curves, Sweep, Sweep/history")
      ->type_name("NAME");
  command.add_option("--size", options->size, "In pixels (1600x1000)")->type_name("WxH");
  command.callback([&invocation, options] {
    invocation.action = [&invocation, options] { return screenshot(invocation, *options); };
  });
}

}  // namespace ablate
