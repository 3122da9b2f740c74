#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string_view>

#include "experiments/data/dataset.h"
#include "runs/near_match.h"
#include "runs/run_store.h"
#include "workbench/cli/command.h"

namespace ablate {
namespace {

/// " Did you mean X?", or nothing where nothing is near.
std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
  const std::vector<std::string> near = near_matches(word, known, 1);
  return near.empty() ? "" : fmt::format(" Did you mean {}?", near.front());
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); }))
    names.push_back(command->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* each = &app; each != nullptr; each = each->get_parent())
    for (const CLI::Option* option : each->get_options())
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

/// The command that was given, to its last word, or the program.
const CLI::App& innermost(const CLI::App& app) {
  const std::vector<CLI::App*> named = app.get_subcommands();
  return named.empty() ? app : innermost(*named.front());
}

/// "ablate sweep show", with the option that tells more.
std::string help_for(const CLI::App& command) {
  std::string words = command.get_name() + " --help";
  for (const CLI::App* each = command.get_parent(); each != nullptr; each = each->get_parent())
    words = each->get_name() + " " + words;
  return words;
}

/// What the parser could not place: an option or a command that doesn't exist, or a word too many.
void refuse_leftovers(const CLI::App& app) {
  std::vector<std::string> leftovers = app.remaining(true);
  const bool all_arguments = std::erase(leftovers, "--") > 0;  // What follows it is no option.
  if (leftovers.empty()) return;
  const CLI::App& command = innermost(app);
  const bool named = &command != &app;
  const std::string& word = leftovers.front();
  if (word.starts_with('-') && !all_arguments)
    throw UsageError(fmt::format("There is no option {}{}.{} See: {}", word,
                                 named ? fmt::format(" of {}", command.get_name()) : "",
                                 suggestion(word, option_names(command)), help_for(command)));
  const std::vector<std::string> below = command_names(command);
  if (below.empty())
    throw UsageError(fmt::format("{} takes no further argument, but got \"{}\". See: {}", command.get_name(), word,
                                 help_for(command)));
  if (std::count(later_commands().begin(), later_commands().end(), word) > 0)
    throw UsageError(fmt::format("{} is not there yet; a later version will have it. See: ablate --help", word));
  throw UsageError(fmt::format("There is no command {}.{} See: {}", word, suggestion(word, below), help_for(command)));
}

void say_error(std::string_view words) { fmt::print(stderr, "ablate: {}\n", words); }

}  // namespace

std::filesystem::path Invocation::root() const {
  const std::filesystem::path root = runs_root(runs);
  std::error_code failed;
  const std::filesystem::file_status status = std::filesystem::status(root, failed);
  if (failed && failed != std::errc::no_such_file_or_directory && failed != std::errc::not_a_directory)
    throw UsageError(fmt::format("{}: can't be looked at: {}. Choose another folder of runs (--runs).", root.string(),
                                 failed.message()));
  if (std::filesystem::exists(status) && !std::filesystem::is_directory(status))
    throw UsageError(fmt::format("{} is a file; --runs takes a folder of runs.", root.string()));
  if (std::filesystem::exists(status) && ::access(root.c_str(), R_OK | X_OK) != 0)
    throw UsageError(fmt::format("{} can't be read: {}. Make it accessible, or choose another folder of runs (--runs).",
                                 root.string(), std::strerror(errno)));
  return root;
}

void add_json_flag(CLI::App& command, Invocation& invocation) {
  command.add_flag("--json", invocation.json, "One JSON document on standard output instead of text");
}

int run_command_line(int argc, char** argv) {
  quiet_opencv();
  // For the workers that this process starts: threads that wait for each other sleep instead of spinning. Beside
  // anything else that computes (a window, another run) a spinning pair gets almost nothing done, five times less in
  // tests/bench/RESULTS.md.
  ::setenv("OMP_WAIT_POLICY", "passive", 0);
  Invocation invocation;
  CLI::App app(
      "Ablation experiments on vision networks: define variants, train them, watch and compare them.\n"
      "Without a command the window opens.");
  app.name("ablate");
  app.set_version_flag("--version", "ablate " ABLATE_VERSION);
  app.set_help_flag("-h,--help", "This help");
  app.add_option("--runs", invocation.runs,
                 "The folder of runs, before or after the command ($ABLATE_RUNS, or ./ablate-runs)")
      ->type_name("ROOT")
      ->take_last();
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.allow_extras();
  app.get_formatter()->column_width(34);
  invocation.action = [&invocation] { return open_window(invocation, {}); };
  for (const AddCommand add : commands()) add(app, invocation);
  try {
    app.parse(argc, argv);
    refuse_leftovers(app);
    return invocation.action();
  } catch (const CLI::Success& asked_for_help) {
    return app.exit(asked_for_help);
  } catch (const CLI::ParseError& error) {
    try {  // Where something is missing, what was taken for an option may be it.
      if (error.get_name() == "RequiredError") refuse_leftovers(app);
    } catch (const UsageError& unknown) {
      say_error(unknown.what());
      return 2;
    }
    say_error(fmt::format("{}. See: {}", error.what(), help_for(innermost(app))));
    return 2;
  } catch (const UsageError& error) {
    say_error(error.what());
    return 2;
  } catch (const std::exception& error) {
    say_error(error.what());
    return 1;
  }
}

}  // namespace ablate
