#include "runs/bin.h"

#include <fmt/format.h>

#include "runs/atomic_file.h"
#include "runs/error.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

void move(const fs::path& from, const fs::path& to) {
  std::error_code failed;
  fs::create_directories(to.parent_path(), failed);
  if (!failed) fs::rename(from, to, failed);
  if (failed)
    throw Error(
        fmt::format("Can't move {} to {}: {}.", from.string(), to.string(), write_error_text(to, failed.value())));
}

}  // namespace

fs::path bin_of(const fs::path& root) { return root / ".ablate" / "trash"; }

void remove_run(const fs::path& root, const RunInfo& run) {
  if (run.id == "." || run.id.starts_with("..") || run.id.starts_with("/"))
    throw Error(fmt::format("{} does not lie below {}: name its own folder of runs with --runs.", run.folder.string(),
                            root.string()));
  if (!fs::exists(run.folder / "run.json"))
    throw Error(fmt::format("{} is not a run of Ablate (no run.json): what others wrote is not touched.", run.id));
  const RunState state = read_resolved_status(run.folder).state;
  const auto lock = RunLock::try_acquire(run.folder);
  if (!lock || state == RunState::running || state == RunState::queued)
    throw Error(fmt::format("{} {}: stop it first.", run.id, state == RunState::queued ? "waits to train" : "trains"));
  const fs::path to = bin_of(root) / run.id;
  if (fs::exists(to))
    throw Error(fmt::format("{} is there already: move it away, or remove it for good.", to.string()));
  move(run.folder, to);
}

std::vector<RunInfo> removed_runs(const fs::path& root) { return list_runs(bin_of(root)); }

void restore_run(const fs::path& root, const std::string& id) {
  const fs::path from = bin_of(root) / id, to = root / id;
  if (!fs::exists(from / "run.json")) throw Error(fmt::format("There is no run {} in {}.", id, bin_of(root).string()));
  if (fs::exists(to)) throw Error(fmt::format("{} is there already: move it away first.", to.string()));
  move(from, to);
}

}  // namespace ablate
