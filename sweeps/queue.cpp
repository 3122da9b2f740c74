#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "runs/atomic_file.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "sweeps/inheritable_lock.h"
#include "sweeps/keeper.h"
#include "sweeps/launcher.h"
#include "sweeps/machine.h"
#include "sweeps/process.h"
#include "sweeps/queue_files.h"
#include "sweeps/turn.h"
#include "sweeps/wakeups.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

/// What no notice tells of: changes made by other hosts, runs trained elsewhere that others wait for, memory of a GPU
/// that another program gives back, an obstacle that is gone.
constexpr std::chrono::milliseconds kSlowLook{1000};
constexpr std::chrono::milliseconds kLinger{5000};
/// From its start to its lock, at most, on a busy machine.
constexpr std::chrono::milliseconds kStarting{1000};
/// The notice of a file that is closed comes a moment before the lock on it is free: there is a second look.
constexpr std::chrono::milliseconds kSecondLook{10};

/// With the lock held, so that a keeper about to leave has either seen what was added or is gone.
void start_keeper_if_none(const QueueFiles& files) {
  if (InheritableLock::held(files.keeper)) return;
  ProcessOptions options;
  options.program = program_beside("ablate", "ABLATE_PROGRAM");
  options.arguments = {"queue-keeper", files.root.string()};
  options.log = files.log;
  start_detached(options);
}

/// Whether a keeper has anything to do. What is held up waits without one.
bool has_work(const QueueFiles& files) {
  if (!entries(files, files.started).empty()) return true;
  return std::ranges::any_of(entries(files, files.waiting), [&](const QueueEntry& entry) {
    const auto after = after_of(*read_run(files.root, entry.run).run);
    return !after || turn_of(files.root, *after).kind != Turn::Kind::held_up;
  });
}

}  // namespace

LocalQueue::LocalQueue(const fs::path& root) : root_(fs::absolute(root).lexically_normal()) {}

void LocalQueue::submit(const std::vector<fs::path>& runs, int slots, int priority) {
  worker_program();  // Better said to the person who asks than in the status of every run.
  const QueueFiles files(root_);
  files.make_folders();
  const FileLock lock(files.lock);
  if (slots > 0) write_file_atomically(files.slots, std::array{std::string_view(std::to_string(slots))});
  append(files, runs, priority);
  start_keeper_if_none(files);
}

bool LocalQueue::withdraw(const fs::path& run) {
  const QueueFiles files(root_);
  if (!fs::exists(files.waiting)) return false;
  const FileLock lock(files.lock);
  const std::optional<QueueEntry> entry = entry_of(files, files.waiting, run);
  return entry && fs::remove(entry->file);
}

std::vector<fs::path> LocalQueue::waiting() const {
  const QueueFiles files(root_);
  std::vector<fs::path> runs;
  for (QueueEntry& entry : entries(files, files.waiting)) runs.push_back(std::move(entry.run));
  return runs;
}

bool LocalQueue::working(const fs::path& run) const {
  const QueueFiles files(root_);
  const std::optional<QueueEntry> entry = entry_of(files, files.started, run);
  return entry && InheritableLock::held(entry->file);
}

void LocalQueue::await_leaving(const fs::path& run) const {
  const QueueFiles files(root_);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  Wakeups wakeups;
  wakeups.watch(files.started, Wakeups::closing | Wakeups::removal);
  // Where no keeper is alive there is nobody to see it go, and a lock left behind is all that counts.
  while (entry_of(files, files.started, run) && (working(run) || InheritableLock::held(files.keeper))) {
    if (std::chrono::steady_clock::now() > deadline)
      throw Error(fmt::format("{}: its last worker has not ended yet; try again in a moment.", run.string()));
    wakeups.wait(kSecondLook);
  }
}

bool LocalQueue::forsaken() const {
  const QueueFiles files(root_);
  const auto no_keeper = [&] { return has_work(files) && !InheritableLock::held(files.keeper); };
  const auto deadline = std::chrono::steady_clock::now() + kStarting;
  Wakeups wakeups;
  wakeups.watch(files.folder, Wakeups::closing);  // It writes its process number when it has its lock.
  while (no_keeper()) {
    if (std::chrono::steady_clock::now() > deadline) return true;
    wakeups.wait(std::chrono::milliseconds(50));
  }
  return false;
}

void LocalQueue::keep_going() {
  const QueueFiles files(root_);
  if (!has_work(files)) return;
  const FileLock lock(files.lock);
  start_keeper_if_none(files);
}

bool LocalQueue::set_priority(const fs::path& run, int priority) {
  const QueueFiles files(root_);
  if (!fs::exists(files.waiting)) return false;
  const FileLock lock(files.lock);
  std::optional<QueueEntry> entry = entry_of(files, files.waiting, run);
  if (!entry) return false;
  entry->priority = priority;
  write_entry(files, *entry);
  return true;
}

std::optional<int> LocalQueue::priority(const fs::path& run) const {
  const QueueFiles files(root_);
  const std::optional<QueueEntry> entry = entry_of(files, files.waiting, run);
  return entry ? std::optional(entry->priority) : std::nullopt;
}

void LocalQueue::keep() { keep(*this_machine(), kLinger); }

void LocalQueue::keep(Machine& machine, std::chrono::milliseconds linger) {
  const QueueFiles files(root_);
  std::optional<InheritableLock> alone;
  Keeper keeper(files, machine);
  Wakeups wakeups;
  wakeups.watch(files.folder, Wakeups::arrival);  // Of another number of slots.
  wakeups.watch(files.waiting, Wakeups::arrival);
  wakeups.watch(files.started, Wakeups::closing);  // Each is held open by its worker.
  {
    const FileLock lock(files.lock);
    alone = InheritableLock::try_acquire(files.keeper);
    if (!alone) return;
    std::ofstream(files.keeper, std::ios::trunc) << ::getpid() << '\n';  // For people; the lock is what counts.
    keeper.adopt();
  }
  bool closed = false;
  std::optional<std::chrono::steady_clock::time_point> idle_since;
  for (;; closed = wakeups.wait(closed ? kSecondLook : kSlowLook, keeper.workers()).contains(files.started.native())) {
    if (!fs::exists(files.lock)) return;  // Somebody is removing the folder, and a new lock would be in the way.
    try {
      const FileLock lock(files.lock);
      const auto now = std::chrono::steady_clock::now();
      if (keeper.look_around()) {
        idle_since.reset();
        continue;
      }
      if (!idle_since) idle_since = now;
      std::error_code ignored;
      fs::remove(files.slots, ignored);
      if (now - *idle_since < linger) continue;
      alone.reset();  // While the lock is held: whoever adds a run now sees that no keeper is left.
      return;
    } catch (const std::exception& error) {  // The disk is full or read-only now; the workers go on.
      keeper.say(error.what());
    }
  }
}

}  // namespace ablate
