#pragma once

#include <vector>

#include "runs/run_store.h"

namespace ablate {

/// Foreign runs are called after their folders: the folders that all of them lie in tell nothing, and are left out.
void shorten_names(std::vector<RunInfo>& runs);

/// Runs of one name, as two demos have them, are told apart by when they were made, as exactly as it takes: their ids
/// begin with it.
void distinguish_names(std::vector<RunInfo>& runs);

}  // namespace ablate
