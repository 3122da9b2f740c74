#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "experiments/experiment.h"
#include "experiments/run_config.h"
#include "workbench/cli/command.h"

namespace ablate {

/// What is wrong with a configuration that was typed is wrong usage, whoever finds it.
template <class Do>
auto as_usage(Do&& what) {
  try {
    return what();
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
}

/// Declares `-s KEY=VALUE`, which may stand several times, each with one assignment.
void add_set_option(CLI::App& command, std::vector<std::string>& assignments);

/// Defaults, or `start`, with the assignments laid over them, checked. Throws UsageError where one is not understood or
/// doesn't go together with the others.
RunConfig config_of(const std::vector<std::string>& assignments, const RunConfig& start = {});

/// The assignments as an object of dotted keys to checked values, for an experiment's base. Throws UsageError.
nlohmann::json base_of(const std::vector<std::string>& assignments);

/// An experiment file all of whose variants can be. Throws UsageError.
Experiment experiment_of(const std::filesystem::path& file);

/// Looks into the folders that a configuration names, before anything is made for it: throws Error where they are
/// missing or hold nothing to train on. Returns a sentence for each picture that will be left out, and for a folder
/// that nothing looks into.
std::vector<std::string> check_data(const RunConfig& config);
/// The same for each data set that its variants name.
std::vector<std::string> check_data(const Experiment& experiment);

/// Some of them on standard error, for commands that don't show the worker's own words.
void tell_problems(const std::vector<std::string>& problems);

}  // namespace ablate
