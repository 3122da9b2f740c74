#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "runs/error.h"

namespace ablate {

/// Wrong usage: exit code 2 instead of 1.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// What a command line asks for, filled by the parser. Outlives parsing and the action.
struct Invocation {
  std::string runs;  ///< --runs, as given
  bool json = false;
  std::function<int()> action;  ///< what to do, returning the exit code; the window where no command is named

  /// The folder of runs. Throws UsageError where it is none.
  std::filesystem::path root() const;
};

/// A command: declares itself and its options to the parser, which sets invocation.action when it is named.
using AddCommand = void (*)(CLI::App& app, Invocation& invocation);

/// Every command, in the order of the help. registry.cpp: one line a command.
const std::vector<AddCommand>& commands();

/// Commands that have a name already but are not there yet.
const std::vector<std::string>& later_commands();

/// The commands, one a file (stop and resume share one).
void add_open(CLI::App& app, Invocation& invocation);
void add_doctor(CLI::App& app, Invocation& invocation);
void add_demo(CLI::App& app, Invocation& invocation);
void add_options(CLI::App& app, Invocation& invocation);
void add_train(CLI::App& app, Invocation& invocation);
void add_launch(CLI::App& app, Invocation& invocation);
void add_cluster(CLI::App& app, Invocation& invocation);
void add_list(CLI::App& app, Invocation& invocation);
void add_show(CLI::App& app, Invocation& invocation);
void add_compare(CLI::App& app, Invocation& invocation);
void add_export(CLI::App& app, Invocation& invocation);
void add_stop(CLI::App& app, Invocation& invocation);
void add_resume(CLI::App& app, Invocation& invocation);
void add_predict(CLI::App& app, Invocation& invocation);
void add_evaluate(CLI::App& app, Invocation& invocation);
void add_average(CLI::App& app, Invocation& invocation);
void add_cost(CLI::App& app, Invocation& invocation);
void add_lr(CLI::App& app, Invocation& invocation);
void add_priority(CLI::App& app, Invocation& invocation);
void add_mark(CLI::App& app, Invocation& invocation);
void add_remove(CLI::App& app, Invocation& invocation);
void add_restore(CLI::App& app, Invocation& invocation);
void add_lr_find(CLI::App& app, Invocation& invocation);
void add_sweep(CLI::App& app, Invocation& invocation);
void add_screenshot(CLI::App& app, Invocation& invocation);
void add_queue_keeper(CLI::App& app, Invocation& invocation);
/// The words as paths. Throws Error for one that is not there, ending in `advice`.
std::vector<std::filesystem::path> existing_paths(const std::vector<std::string>& words, const char* advice);
/// What `open` and `screenshot` can show.
inline constexpr const char* kShownPaths =
    "Name a folder of runs, a run, a TensorBoard log folder, a recorded range test (lr and loss), or a journal of "
    "Optuna's.";
/// The window, which is also what opens where no command is named.
int open_window(const Invocation& invocation, const std::vector<std::string>& paths);

/// Declares --json for a command that prints.
void add_json_flag(CLI::App& command, Invocation& invocation);

/// Parses, acts, and returns the exit code: 0 done, 1 failed, 2 wrong usage. Everything that is thrown ends here, as
/// "ablate: message" on standard error.
int run_command_line(int argc, char** argv);

}  // namespace ablate
