// One worker in the foreground, the machine's slots, and stopping and resuming runs.
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <thread>

#include "runs/error.h"
#include "runs/json_file.h"
#include "sweeps/interrupts.h"
#include "sweeps/launcher.h"
#include "sweeps/launchers.h"
#include "sweeps/process.h"
#include "sweeps/wakeups.h"
#include "sweeps/worker.h"

namespace ablate {
namespace {

/// What a control group leaves of the machine's cores, e.g. in a container; `cores` where it says nothing.
int cores_allowed(int cores) {
  std::ifstream limit("/sys/fs/cgroup/cpu.max");
  double quota = 0, period = 0;
  if (limit >> quota >> period && quota > 0 && period > 0)
    return std::clamp(static_cast<int>(quota / period + 0.5), 1, cores);
  return cores;
}

int usable_cores() { return cores_allowed(std::max(1, static_cast<int>(std::thread::hardware_concurrency()))); }

}  // namespace

std::filesystem::path worker_program() { return program_beside("ablate-train", "ABLATE_TRAIN"); }

RunStatus run_in_foreground(const std::filesystem::path& run, const std::function<void()>& poll) {
  const InterruptCounter interrupted;
  const Worker worker = start_worker(run, 0);
  int obeyed = 0;
  std::optional<int> status;
  while (!(status = ended(worker))) {
    if (interrupted.count() > obeyed) {
      if (obeyed == 0) {
        request(run, Request::stop);
      } else {
        ::kill(worker.process, SIGKILL);
      }
      obeyed = interrupted.count();
    }
    poll();
    Wakeups().wait(std::chrono::milliseconds(100), std::array{worker.gone.get()});
  }
  if (obeyed > 1) {
    settle_killed(run);
  } else {
    settle(worker, *status);
  }
  poll();
  const std::optional<RunStatus> last = read_status(run);
  if (!last)
    throw Error(fmt::format("The run folder {} was removed while it trained; nothing is left of it.", run.string()));
  return *last;
}

Slots slots_for(int workers) {
  Slots slots;
  slots.workers = std::max(1, workers);
  slots.threads_each = std::max(1, usable_cores() / slots.workers);
  return slots;
}

Slots default_slots() {
  const int cores = usable_cores();
  // Small networks gain less from a second thread than from a second worker (tests/bench/RESULTS.md, the queue).
  const int threads_each = cores >= 8 ? 4 : cores >= 4 ? 2 : 1;
  return {cores / threads_each, threads_each};
}

void stop_run(const std::filesystem::path& root, const RunInfo& run) {
  const RunStatus status = read_run(root, run.folder).status;
  if (status.state != RunState::queued && status.state != RunState::running)
    throw Error(
        fmt::format("{} can't be stopped: it is {}.{}", run.id, name_of(status.state),
                    status.state == RunState::interrupted ? " Nothing trains it any more; resume it to go on." : ""));
  launcher_of(root, status)->stop(run.folder);
}

void change_lr(const std::filesystem::path& root, const RunInfo& run, const LrRequest& asked) {
  const RunInfo now = read_run(root, run.folder);
  const nlohmann::json::json_pointer procedure("/config/lr_find/procedure");
  if (now.run->is_object() && now.run->value(procedure, "none") != "none")
    throw Error(fmt::format("{} is a range test: it goes through all learning rates.", run.id));
  if (now.status.state != RunState::running && now.status.state != RunState::queued)
    throw Error(fmt::format("{} is {}: nothing trains it whose learning rate could change.", run.id,
                            name_of(now.status.state)));
  request_lr(run.folder, asked);
}

void move_in_queue(const std::filesystem::path& root, const RunInfo& run, QueueEnd end) {
  LocalQueue queue(root);
  const std::vector<std::filesystem::path> order = queue.waiting();
  const std::filesystem::path folder = std::filesystem::absolute(run.folder).lexically_normal();
  if (std::ranges::find(order, folder) == order.end())
    throw Error(fmt::format("{} does not wait in this machine's queue: it is {}.", run.id,
                            name_of(read_run(root, run.folder).status.state)));
  const std::filesystem::path& there = end == QueueEnd::first ? order.front() : order.back();
  if (there == folder) return;
  const int priority = queue.priority(there).value_or(0) + (end == QueueEnd::first ? 1 : -1);
  queue.set_priority(folder, std::clamp(priority, -kMostPriority, kMostPriority));
}

void refuse_ended(const RunInfo& run) {
  if (run.run->is_object() && run.run->contains("masks"))
    throw Error(fmt::format("{} has no network: it holds the scores of masks. There is nothing to resume.", run.id));
  if (run.status.state == RunState::completed && run.status.range_test.is_object())
    throw Error(
        fmt::format("{} is a range test, and complete. For another one: ablate lr-find, with --iterations and --end "
                    "where it shall go further.",
                    run.id));
  if (run.status.state != RunState::completed || run.status.step >= run.status.total_steps) return;
  throw Error(
      fmt::format("{0} ended at step {1} because it no longer became better (train.stop_after). To train its weights "
                  "further: ablate train --from {0}",
                  run.id, run.status.step));
}

void resume_run(const std::filesystem::path& root, const RunInfo& run) {
  read_json_file(run.folder / "run.json");  // A damaged one says so here, and nothing is queued.
  read_meta(run.folder);
  const RunInfo now = read_run(root, run.folder);
  RunStatus status = now.status;
  // Of a run on another host only who has watched its heartbeat can know: the caller, if it has not moved since.
  if (status.state == RunState::running && run.status.state == RunState::interrupted &&
      status.heartbeat == run.status.heartbeat) {
    status.state = RunState::stopped;
    write_status(run.folder, status);
  }
  switch (status.state) {
    case RunState::stopped:
    case RunState::interrupted:
    case RunState::failed:
    case RunState::queued:  // Where its entry was lost; else it waits where it is.
      break;
    case RunState::running:
      throw Error(fmt::format("{} is running on {}; there is nothing to resume.", run.id, status.host));
    case RunState::completed:
      refuse_ended(run);
      [[fallthrough]];
    case RunState::pruned:
      throw Error(
          fmt::format("{0} is {1}: all its {2} steps are made. To make it longer: ablate resume {0} --steps N. "
                      "To change anything else: ablate train --from {0}",
                      run.id, name_of(status.state), status.step));
    case RunState::diverged:
      throw Error(
          fmt::format("{} has diverged, and would again from its last checkpoint. Start a new run with a lower "
                      "optimizer.lr, or with train.clip_norm.",
                      run.id));
    case RunState::foreign:
      throw Error(fmt::format("{} was not made by Ablate (no run.json in {}): it can be looked at, not resumed.",
                              run.id, run.folder.string()));
  }
  launcher_of(root, status)->submit({run.folder});
}

}  // namespace ablate
