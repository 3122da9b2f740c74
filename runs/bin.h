#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runs/run_store.h"

namespace ablate {

/// Where removed runs lie, under their ids, until somebody empties it: `<root>/.ablate/trash`.
std::filesystem::path bin_of(const std::filesystem::path& root);

/// Into the bin. Throws Error for a run that waits or trains, one of another program (which nothing here touches), and
/// one that is not below `root`.
void remove_run(const std::filesystem::path& root, const RunInfo& run);

/// What lies in the bin, by id.
std::vector<RunInfo> removed_runs(const std::filesystem::path& root);

/// Out of it, to where it was. Throws Error where there is something now.
void restore_run(const std::filesystem::path& root, const std::string& id);

}  // namespace ablate
