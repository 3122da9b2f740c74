#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "runs/types.h"

namespace ablate {

/// What status.json says, plus `foreign` (event files without run.json). `interrupted` is mostly seen, not said: it
/// says running, but nobody is; a worker says it itself when the cluster that started it told it to go.
enum class RunState { queued, running, completed, stopped, failed, diverged, pruned, interrupted, foreign };

std::string_view name_of(RunState state);

/// status.json. `metrics` are the last values of the scalars that matter, so that a list of runs opens no event file.
struct RunStatus {
  RunState state = RunState::queued;
  Step step = 0;
  Step total_steps = 0;
  double epoch = 0;
  std::map<std::string, double> metrics;  ///< may hold NaN; written as json_number has it
  std::string best_metric;                ///< tag; empty when none yet
  double best_value = 0;
  Step best_step = 0;
  std::string error;  ///< what, where, what to do; empty when all is well
  /// Why a queued run has not begun, where its launcher knows: "waits in Slurm …". Of an interrupted one: that its
  /// cluster told it to end, and has not said yet whether it waits again.
  std::string waiting;
  std::int64_t heartbeat = 0;
  double started_seconds = 0;   ///< Unix time of the first step of this segment, 0 before
  double ended_seconds = 0;     ///< Unix time, 0 while it goes on
  double training_seconds = 0;  ///< spent training, over all segments
  std::string launcher;         ///< "local", "foreground", "slurm"
  std::string job;              ///< process id, or a scheduler's job id ("123_4")
  std::string host;             ///< where it was last written; filled in by write_status
  /// By name, the sizes of the run's event files when a worker last ended: so much of each has to be there.
  std::map<std::string, std::uint64_t> log_bytes;
  nlohmann::json range_test;  ///< of a range test that has ended: {"suggestions", "stopped", …}; else null
  nlohmann::json other = nlohmann::json::object();  ///< keys that we don't know, kept
};

/// What a worker says it waits for when its cluster told it to end.
inline constexpr const char* kWordOfCluster = "its cluster has not said yet whether it waits again";
/// Whether it was told to end by its cluster, which may have it wait again.
inline bool awaits_word_of_cluster(const RunStatus& status) {
  return status.state == RunState::interrupted && !status.waiting.empty();
}

/// Reading never throws for a missing file (nullopt, *not yet*); a damaged one throws Error that names it.
std::optional<RunStatus> read_status(const std::filesystem::path& folder);
void write_status(const std::filesystem::path& folder, const RunStatus& status);

/// What `read_status` does once the file is parsed: `where` is for the messages.
RunStatus status_from_json(nlohmann::json json, const std::string& where);
nlohmann::json to_json(const RunStatus& status);

/// The Unix time.
double wall_seconds();

/// The name of this machine.
std::string host_name();

}  // namespace ablate
