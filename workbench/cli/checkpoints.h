#pragma once

#include <filesystem>
#include <string>

#include "workbench/cli/command.h"

namespace ablate {

/// The run's folder for the worker, with "@STEP" where one is named. The last @ separates, since a path may hold
/// others; a path that is called so itself wins. Throws Error for a run that we have no network of.
std::string checkpoint_word(const Invocation& invocation, const std::string& word);

/// What RUN[@STEP|@best], FILE or a checkpoint's folder means: a checkpoint's folder, or that file. Throws Error as
/// find_run and find_checkpoint do.
std::filesystem::path weights_of(const Invocation& invocation, const std::string& word);

}  // namespace ablate
