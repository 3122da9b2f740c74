#pragma once

#include <filesystem>
#include <string>

#include "runs/run_store.h"
#include "workbench/cli/command.h"

namespace ablate {

struct NamedCheckpoint {
  RunInfo run;
  std::string step;  ///< "400", "best"; empty: the newest

  /// For the worker: its folder, with "@STEP" where one is named.
  std::string word() const { return run.folder.string() + (step.empty() ? "" : "@" + step); }
};

/// Of RUN[@STEP]. The last @ separates, since a path may hold others; a path that is called so itself wins. Throws
/// Error for a run that we have no network of.
NamedCheckpoint named_checkpoint(const Invocation& invocation, const std::string& word);

/// The word() of it.
std::string checkpoint_word(const Invocation& invocation, const std::string& word);

/// What RUN[@STEP|@best], FILE or a checkpoint's folder means: a checkpoint's folder, or that file. Throws Error as
/// find_run and find_checkpoint do.
std::filesystem::path weights_of(const Invocation& invocation, const std::string& word);

}  // namespace ablate
