#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <optional>
#include <thread>

#include "runs/atomic_file.h"
#include "runs/error.h"
#include "sweeps/inheritable_lock.h"
#include "sweeps/launcher.h"
#include "sweeps/process.h"
#include "sweeps/worker.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

/// `<root>/.ablate/queue/`: `waiting/` and `started/` hold one file a run, named by a rising number, with the run's
/// path relative to the root. `lock` guards moving between them, and the keeper's coming and going; `keeper` is held by
/// the keeper and has its process number; `slots` holds the number that was asked for.
struct Paths {
  explicit Paths(const fs::path& runs_root)
      : root(runs_root),
        folder(root / ".ablate" / "queue"),
        waiting(folder / "waiting"),
        started(folder / "started"),
        lock(folder / "lock"),
        keeper(folder / "keeper"),
        slots(folder / "slots"),
        log(root / ".ablate" / "queue-keeper.log") {}
  fs::path root, folder, waiting, started, lock, keeper, slots, log;

  void make() const {
    std::error_code failed;
    for (const fs::path& each : {waiting, started}) {
      fs::create_directories(each, failed);
      if (failed)
        throw Error(fmt::format("Can't make {}: {}. Choose a runs folder that may be written (--runs).", each.string(),
                                failed.message()));
    }
  }
};

struct Entry {
  fs::path file;
  fs::path run;
};

/// In order. An entry that another process takes away meanwhile is left out.
std::vector<Entry> entries(const Paths& paths, const fs::path& folder) {
  std::vector<Entry> found;
  std::error_code failed;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed)) {
    const fs::path& file = it->path();
    std::string run;
    if (file.filename().string().starts_with('.') || !std::getline(std::ifstream(file), run) || run.empty()) continue;
    found.push_back({file, (paths.root / run).lexically_normal()});
  }
  std::sort(found.begin(), found.end(), [](const Entry& a, const Entry& b) { return a.file < b.file; });
  return found;
}

std::optional<Entry> entry_of(const Paths& paths, const fs::path& folder, const fs::path& run) {
  const fs::path wanted = fs::absolute(run).lexically_normal();
  for (Entry& entry : entries(paths, folder))
    if (entry.run == wanted) return std::move(entry);
  return std::nullopt;
}

void replace_file(const fs::path& file, std::string_view content) {
  write_file_atomically(file, std::array{content, std::string_view("\n")});
}

int number_of(const Entry& entry) {
  const std::string name = entry.file.filename().string();
  int number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number);
  return number;
}

/// With the lock held.
void append(const Paths& paths, const fs::path& run) {
  if (entry_of(paths, paths.waiting, run)) return;
  if (const auto started = entry_of(paths, paths.started, run)) {
    // Left behind by a worker whose keeper died too: the run is waiting again. Else it is at work, and stays.
    if (InheritableLock::held(started->file)) return;
    fs::remove(started->file);
  }
  int last = 0;
  for (const fs::path& folder : {paths.waiting, paths.started})
    for (const Entry& entry : entries(paths, folder)) last = std::max(last, number_of(entry));
  replace_file(paths.waiting / fmt::format("{:09}", last + 1),
               fs::absolute(run).lexically_normal().lexically_proximate(paths.root).string());
}

Slots slots_of(const Paths& paths) {
  int asked = 0;
  std::ifstream(paths.slots) >> asked;
  return asked > 0 ? slots_for(asked) : default_slots();
}

/// With the lock held, so that a keeper about to leave has either seen what was added or is gone.
void start_keeper_if_none(const Paths& paths) {
  if (InheritableLock::held(paths.keeper)) return;
  ProcessOptions options;
  options.program = program_beside("ablate", "ABLATE_PROGRAM");
  options.arguments = {"queue-keeper", paths.root.string()};
  options.log = paths.log;
  start_detached(options);
}

void say(const std::string& words) {
  fmt::print(stderr, "{:%F %T} {}\n", fmt::localtime(std::time(nullptr)), words);
  std::fflush(stderr);
}

/// Writing a status can fail (disk full, folder removed); the queue goes on.
template <class Do>
void or_say(Do&& what) {
  try {
    what();
  } catch (const std::exception& error) {
    say(error.what());
  }
}

/// A run that trains: our own child, or one that an earlier keeper left behind, known by the lock on its entry.
struct Active {
  Entry entry;
  std::optional<Worker> worker;
};

/// What the keeper process has in hand. All functions are called with the lock held.
class Keeper {
 public:
  explicit Keeper(const Paths& paths) : paths_(paths) {}

  /// What an earlier keeper left.
  void adopt() {
    for (Entry& entry : entries(paths_, paths_.started)) {
      if (InheritableLock::held(entry.file)) {
        say(fmt::format("{} is at work already", entry.run.string()));
        active_.push_back({std::move(entry), std::nullopt});
      } else {
        orphaned(entry);
      }
    }
  }

  void let_go_of_ended() {
    std::erase_if(active_, [this](const Active& each) {
      if (each.worker) {
        const std::optional<int> status = ended(*each.worker);
        if (!status) return false;
        or_say([&] { settle(*each.worker, *status); });
        say(fmt::format("{} is over", each.entry.run.string()));
        remove(each.entry);
        return true;
      }
      if (InheritableLock::held(each.entry.file)) return false;
      orphaned(each.entry);
      return true;
    });
  }

  void fill_slots() {
    const Slots slots = slots_of(paths_);
    for (const Entry& entry : entries(paths_, paths_.waiting)) {
      if (static_cast<int>(active_.size()) >= slots.workers) return;
      start(entry, slots.threads_each);
    }
  }

  bool idle() const { return active_.empty(); }

 private:
  void start(const Entry& waiting, int threads) {
    const Entry entry{paths_.started / waiting.file.filename(), waiting.run};
    fs::rename(waiting.file, entry.file);
    if (!fs::exists(entry.run / "run.json")) {
      say(fmt::format("{} is gone; left out", entry.run.string()));
      return remove(entry);
    }
    try {
      const std::optional<InheritableLock> held = InheritableLock::try_acquire(entry.file);
      if (!held) throw Error(fmt::format("{} is locked by another process; nothing was started.", entry.file.string()));
      if (std::optional<RunStatus> status = read_status(entry.run)) {
        status->launcher = "local";
        write_status(entry.run, *status);
      }
      active_.push_back({entry, start_worker(entry.run, threads, held->descriptor())});
      say(fmt::format("{} started, process {}", entry.run.string(), active_.back().worker->process));
    } catch (const Error& error) {
      say(error.what());
      or_say([&] { settle_unstarted(entry.run, error.what()); });
      remove(entry);
    }
  }

  /// Nobody works on it and nobody saw how that ended. One that never began waits again, ahead of the others; for one
  /// that had begun, its status and its free lock tell the truth already (interrupted).
  void orphaned(const Entry& entry) {
    std::optional<RunStatus> status;
    or_say([&] { status = read_status(entry.run); });
    if (status && status->state == RunState::queued) {
      say(fmt::format("{} had not begun; it waits again", entry.run.string()));
      fs::rename(entry.file, paths_.waiting / entry.file.filename());
    } else {
      say(fmt::format("{} was left behind by its worker", entry.run.string()));
      remove(entry);
    }
  }

  static void remove(const Entry& entry) {
    std::error_code ignored;
    fs::remove(entry.file, ignored);
  }

  const Paths& paths_;
  std::vector<Active> active_;
};

}  // namespace

LocalQueue::LocalQueue(const fs::path& root) : root_(fs::absolute(root).lexically_normal()) {}

void LocalQueue::submit(const std::vector<fs::path>& runs, int slots) {
  worker_program();  // Better said to the person who asks than in the status of every run.
  const Paths paths(root_);
  paths.make();
  const FileLock lock(paths.lock);
  if (slots > 0) replace_file(paths.slots, std::to_string(slots));
  for (const fs::path& run : runs) append(paths, run);
  start_keeper_if_none(paths);
}

bool LocalQueue::withdraw(const fs::path& run) {
  const Paths paths(root_);
  if (!fs::exists(paths.waiting)) return false;
  const FileLock lock(paths.lock);
  const std::optional<Entry> entry = entry_of(paths, paths.waiting, run);
  return entry && fs::remove(entry->file);
}

std::vector<fs::path> LocalQueue::waiting() const {
  const Paths paths(root_);
  std::vector<fs::path> runs;
  for (Entry& entry : entries(paths, paths.waiting)) runs.push_back(std::move(entry.run));
  return runs;
}

bool LocalQueue::working(const fs::path& run) const {
  const Paths paths(root_);
  const std::optional<Entry> entry = entry_of(paths, paths.started, run);
  return entry && InheritableLock::held(entry->file);
}

void LocalQueue::await_leaving(const fs::path& run) const {
  const Paths paths(root_);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  // Where no keeper is alive there is nobody to see it go, and a lock left behind is all that counts.
  while (entry_of(paths, paths.started, run) && (working(run) || InheritableLock::held(paths.keeper))) {
    if (std::chrono::steady_clock::now() > deadline)
      throw Error(fmt::format("{}: its last worker has not ended yet; try again in a moment.", run.string()));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void LocalQueue::keep_going() {
  const Paths paths(root_);
  if (entries(paths, paths.waiting).empty() && entries(paths, paths.started).empty()) return;
  const FileLock lock(paths.lock);
  start_keeper_if_none(paths);
}

void LocalQueue::keep() {
  const Paths paths(root_);
  std::optional<InheritableLock> alone;
  Keeper keeper(paths);
  {
    const FileLock lock(paths.lock);
    alone = InheritableLock::try_acquire(paths.keeper);
    if (!alone) return;
    std::ofstream(paths.keeper, std::ios::trunc) << ::getpid() << '\n';  // For people; the lock is what counts.
    keeper.adopt();
  }
  // Looked at five times a second: workers of an earlier keeper and new entries announce themselves by their files
  // alone.
  for (;; std::this_thread::sleep_for(std::chrono::milliseconds(200))) {
    const FileLock lock(paths.lock);
    keeper.let_go_of_ended();
    keeper.fill_slots();
    if (!keeper.idle()) continue;
    std::error_code ignored;
    fs::remove(paths.slots, ignored);
    alone.reset();  // While the lock is held: whoever adds a run now sees that no keeper is left.
    return;
  }
}

}  // namespace ablate
