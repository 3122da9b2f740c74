#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runs/run_store.h"
#include "workbench/cli/command.h"

namespace ablate {

/// A run as it is typed.
struct TrainOptions {
  std::vector<std::string> assignments;
  std::string name;                 ///< empty: after what is set
  std::optional<std::string> from;  ///< RUN[@STEP|@best] or a file of weights; none: random weights
};
void add_train_options(CLI::App& command, TrainOptions& options);

/// Makes the run and trains it until it is over, showing how it comes along on standard error. Throws UsageError or
/// Error before anything is made.
RunInfo train_in_foreground(const Invocation& invocation, const TrainOptions& options);

/// The exit code; what kept a run from completing is told on standard error.
int tell_outcome(const RunInfo& run);

}  // namespace ablate
