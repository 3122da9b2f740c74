#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "sweeps/slurm_options.h"

namespace ablate {

/// One thing that has to be right before a cluster can train runs.
struct ClusterCheck {
  enum class Verdict { good, unclear, bad };
  std::string what;  ///< "controller", "partition", …
  Verdict verdict = Verdict::good;
  std::string words;  ///< what was found; where it is not good, what to do
};

/// Looks whether runs of `root`, submitted with these options, would train: Slurm's commands, its controller, the
/// partition, the request, the grace time, and by a tiny job of at most `patience` (0: none), whether a node sees the
/// runs' folder and can start the worker. Each check is handed to `tell` as it is made; those that depend on one that
/// is bad are left out. Throws Error for options that are no line each, and where there is no worker program.
std::vector<ClusterCheck> check_cluster(const std::filesystem::path& root, const SlurmOptions& options,
                                        std::chrono::seconds patience,
                                        const std::function<void(const ClusterCheck&)>& tell);

}  // namespace ablate
