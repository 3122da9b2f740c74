#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "runs/findings.h"
#include "runs/requests.h"
#include "runs/run_lock.h"
#include "runs/run_meta.h"
#include "runs/run_status.h"
#include "runs/series.h"
#include "runs/types.h"

namespace ablate {

inline const auto kNoJson = std::make_shared<const nlohmann::json>();

/// One run folder as a list shows it.
struct RunInfo {
  std::filesystem::path folder;
  std::string id;          ///< path relative to the root; "." for the root itself
  std::string name;        ///< meta's name, else the variant's, else the id
  std::string experiment;  ///< empty when it stands alone
  /// run.json, which copies share; null for a foreign run. There is always one to point to.
  std::shared_ptr<const nlohmann::json> run = kNoJson;
  RunMeta meta;
  RunStatus status;  ///< `interrupted` resolved: running, last written on this host, and nobody holds the lock.
                     ///< For a run of another host see Heartbeats.
};

/// All runs below `root` (the root itself included), our own and foreign ones, by id; links to folders are followed,
/// `.ablate` is not looked into. Folders that can't be read come back with state failed and the reason in status.error.
/// Nothing when there is no such folder. Does not open event files.
std::vector<RunInfo> list_runs(const std::filesystem::path& root);

/// One run; a damaged run.json, status.json or meta.json makes its state failed, with the reason in status.error.
RunInfo read_run(const std::filesystem::path& root, const std::filesystem::path& folder);

/// The status alone, `interrupted` resolved as in RunInfo. Throws Error for a damaged one.
RunStatus read_resolved_status(const std::filesystem::path& folder);

/// What is wrong with a run's log: what the reader found, and event files that are shorter than they were when their
/// worker ended (RunStatus::log_bytes), or gone: cut, or not all copied.
std::vector<ReadProblem> problems_of(const RunInfo& run, const RunData& data);

/// Into status.log_bytes, when a worker has ended: how long its event files have become. One that was cut since an
/// earlier end keeps its length.
void remember_log_sizes(const std::filesystem::path& folder, RunStatus& status);

/// The one run that `word` names: a path, an id, a unique prefix of an id, or a name (the newest of that name).
/// Throws Error that lists near matches.
RunInfo find_run(const std::filesystem::path& root, std::string_view word);

/// Makes `<root>/<local time>-<slug>/` with run.json (`"format": 1`, `"created_seconds"` added) and status.json
/// (queued). Never reuses a folder: a second run of the same second and slug ends in -2. Throws Error when the root is
/// not writable.
std::filesystem::path create_run(const std::filesystem::path& root, std::string_view slug, nlohmann::json run);

/// The name that create_run would give such a folder now, where nothing has it yet.
std::string run_folder_name(std::string_view slug);
/// Makes a run in a folder whose name was chosen (and may have been written down) before; where it is there already, or
/// was half made when something was killed, the rest of it.
void create_run_in(const std::filesystem::path& folder, nlohmann::json run);

/// The root: the argument if not empty, else $ABLATE_RUNS, else ./ablate-runs.
std::filesystem::path runs_root(const std::string& argument);

/// Whether TensorBoard would take a file of this name for an event file to read.
bool is_event_file_name(std::string_view name);

}  // namespace ablate
