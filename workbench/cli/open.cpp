// ablate open [PATH…]: the window.
#include <fmt/format.h>

#include <memory>

#include "workbench/cli/command.h"
#include "workbench/window.h"

namespace ablate {

std::vector<std::filesystem::path> existing_paths(const std::vector<std::string>& words, const char* advice) {
  std::vector<std::filesystem::path> paths;
  for (const std::string& word : words) {
    if (!std::filesystem::exists(word)) throw Error(fmt::format("{} is not there. {}", word, advice));
    paths.emplace_back(word);
  }
  return paths;
}

int open_window(const Invocation& invocation, const std::vector<std::string>& words) {
  WindowOptions options;
  options.root = invocation.root();
  options.more_paths = existing_paths(words, kShownPaths);
  options.settings = settings_folder();
  options.cache = cache_folder();
  return run_window(options);
}

void add_open(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("open", "The window: every run under ROOT, and any other logs");
  const auto paths = std::make_shared<std::vector<std::string>>();
  command.add_option(
      "PATH", *paths,
      "Folders of runs, runs, TensorBoard log folders; recorded range tests (lr, loss); Optuna's journals");
  command.callback(
      [&invocation, paths] { invocation.action = [&invocation, paths] { return open_window(invocation, *paths); }; });
}

}  // namespace ablate
