#include "sweeps/launchers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <string>
#include <system_error>
#include <utility>

#include "runs/error.h"
#include "sweeps/launcher.h"
#include "sweeps/slurm_launcher.h"

namespace ablate {

LocalLauncher::LocalLauncher(std::filesystem::path root, int slots, int priority)
    : root_(std::move(root)), slots_(slots), priority_(priority) {}

void LocalLauncher::submit(const std::vector<std::filesystem::path>& runs) {
  LocalQueue queue(root_);
  std::vector<std::filesystem::path> queued;
  std::map<std::filesystem::path, RunStatus> before;
  try {
    for (const std::filesystem::path& run : runs) {
      const RunStatus status = read_run(root_, run).status;
      if (can_go_on(status.state)) {
        queue.await_leaving(run);
        before[run] = status;
        queue_again(run);
      }
      if (status.state == RunState::queued || can_go_on(status.state)) queued.push_back(run);
    }
    if (!queued.empty()) queue.submit(queued, slots_, priority_);
  } catch (const std::exception&) {
    for (const auto& [run, status] : before) {
      queue.withdraw(run);
      write_status(run, status);
    }
    throw;
  }
}

void LocalLauncher::stop(const std::filesystem::path& run) {
  RunStatus status = read_run(root_, run).status;
  LocalQueue queue(root_);
  if (status.state == RunState::running ||
      (status.state == RunState::queued && !queue.withdraw(run) && queue.working(run))) {
    request(run, Request::stop);
  } else if (status.state == RunState::queued) {
    status.state = RunState::stopped;
    status.waiting.clear();
    write_status(run, status);
  }
}

void LocalLauncher::refresh(const std::vector<std::filesystem::path>&) { LocalQueue(root_).keep_going(); }

std::unique_ptr<Launcher> launcher_of(const std::filesystem::path& root, const RunStatus& status) {
  if (status.launcher == "slurm") return std::make_unique<SlurmLauncher>(root);
  return std::make_unique<LocalLauncher>(root);
}

namespace {

/// A run that was made but could not be submitted, or only in part: takes it back from its launcher, and its folder
/// away. False where it begins or may have begun, or can't be removed; it stays then.
bool undo(const std::filesystem::path& root, const std::filesystem::path& run, Launcher& launcher) {
  try {
    launcher.stop(run);
  } catch (const std::exception&) {  // Where it never came to the launcher that is no matter.
  }
  std::error_code failed;
  const RunStatus status = read_run(root, run).status;
  const bool never_came = status.state == RunState::queued && status.launcher.empty();
  if (!never_came && status.state != RunState::stopped) return false;
  std::filesystem::remove_all(run, failed);
  return !failed;
}

}  // namespace

std::vector<std::filesystem::path> launch_runs(const std::filesystem::path& root, const Experiment& experiment,
                                               Launcher& launcher) {
  std::vector<std::filesystem::path> runs = create_runs(root, experiment);
  try {
    launcher.submit(runs);
  } catch (const std::exception& error) {
    std::vector<std::string> left;
    for (const std::filesystem::path& run : runs)
      if (!undo(root, run, launcher)) left.push_back(run.lexically_proximate(root).string());
    throw Error(fmt::format("{} Nothing was launched, {}.", error.what(),
                            left.empty() ? "and no run is left of it"
                                         : fmt::format("but these runs are there: {}", fmt::join(left, ", "))));
  }
  return runs;
}

bool can_go_on(RunState state) {
  return state == RunState::stopped || state == RunState::interrupted || state == RunState::failed;
}

void queue_again(const std::filesystem::path& run) {
  take_request(run, Request::stop);
  RunStatus status = read_status(run).value_or(RunStatus{});
  status.state = RunState::queued;
  status.error.clear();
  status.waiting.clear();
  status.ended_seconds = 0;
  write_status(run, status);
}

}  // namespace ablate
