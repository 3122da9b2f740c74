#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runs/run_store.h"

namespace ablate {

/// What a person asks of Slurm for each run, named and written as sbatch has it; empty or 0: as the cluster decides.
struct SlurmOptions {
  std::string partition, account, time, mem, gres;
  std::int64_t cpus = 0;           ///< per run
  bool requeue = true;             ///< preempted runs wait again, and go on from their last checkpoint
  std::int64_t slots = 0;          ///< how many of one submission work at once
  std::vector<std::string> lines;  ///< `#SBATCH LINE` each

  /// Throws Error naming `where`: unknown keys, values of another type, or what is more than one line.
  static SlurmOptions from_json(nlohmann::json json, const std::string& where);
  nlohmann::json to_json() const;
  /// Throws Error for a value that is more than one line.
  void check() const;
  /// The options of sbatch but for `lines` and `slots`.
  std::vector<std::string> for_sbatch() const;

  bool operator==(const SlurmOptions&) const = default;
};

/// slurm.json of a run: what it was submitted with, for the next time, and by whom. Nothing asked where there is none.
SlurmOptions read_slurm_options(const std::filesystem::path& run);
void write_slurm_options(const std::filesystem::path& run, const SlurmOptions& options);
/// Whether another user submitted it last. Slurm shows people their own jobs, so what became of it only that one
/// learns.
bool submitted_by_another_user(const std::filesystem::path& run);
/// Whether it waits for a job of theirs.
bool awaits_another_user(const RunInfo& run);

}  // namespace ablate
