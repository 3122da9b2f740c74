#include "sweeps/queue_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <set>
#include <tuple>

#include "runs/atomic_file.h"
#include "runs/error.h"
#include "sweeps/inheritable_lock.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

int number_of(const QueueEntry& entry) {
  const std::string name = entry.file.filename().string();
  int number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number);
  return number;
}

}  // namespace

QueueFiles::QueueFiles(const fs::path& runs_root)
    : root(runs_root),
      folder(root / ".ablate" / "queue"),
      waiting(folder / "waiting"),
      started(folder / "started"),
      lock(folder / "lock"),
      keeper(folder / "keeper"),
      slots(folder / "slots"),
      log(root / ".ablate" / "queue-keeper.log") {}

void QueueFiles::make_folders() const {
  std::error_code failed;
  for (const fs::path& each : {waiting, started}) {
    fs::create_directories(each, failed);
    if (failed)
      throw Error(fmt::format("Can't make {}: {}. Choose a runs folder that may be written (--runs).", each.string(),
                              failed.message()));
  }
}

std::vector<QueueEntry> entries(const QueueFiles& files, const fs::path& folder) {
  std::vector<QueueEntry> found;
  std::error_code failed;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed)) {
    const fs::path& file = it->path();
    std::ifstream lines(file);
    std::string run, word;
    if (file.filename().string().starts_with('.') || !std::getline(lines, run) || run.empty()) continue;
    QueueEntry entry{file, (files.root / run).lexically_normal()};
    while (lines >> word)
      if (word == "priority")
        lines >> entry.priority;
      else if (word == "gpu")
        lines >> entry.gpu;
    found.push_back(std::move(entry));
  }
  std::ranges::sort(found, {}, [](const QueueEntry& entry) { return std::tuple(-entry.priority, entry.file); });
  return found;
}

std::optional<QueueEntry> entry_of(const QueueFiles& files, const fs::path& folder, const fs::path& run) {
  const fs::path wanted = fs::absolute(run).lexically_normal();
  for (QueueEntry& entry : entries(files, folder))
    if (entry.run == wanted) return std::move(entry);
  return std::nullopt;
}

void append(const QueueFiles& files, const std::vector<fs::path>& runs, int priority) {
  std::set<fs::path> there;
  int last = 0;
  for (const QueueEntry& entry : entries(files, files.waiting)) {
    last = std::max(last, number_of(entry));
    there.insert(entry.run);
  }
  for (const QueueEntry& entry : entries(files, files.started)) {
    last = std::max(last, number_of(entry));
    if (InheritableLock::held(entry.file))
      there.insert(entry.run);
    else if (std::ranges::find(runs, entry.run) != runs.end())
      fs::remove(entry.file);  // Left behind by a worker whose keeper died too: the run waits again.
  }
  for (const fs::path& run : runs) {
    const fs::path normal = fs::absolute(run).lexically_normal();
    if (there.insert(normal).second)
      write_entry(files, {files.waiting / fmt::format("{:09}", ++last), normal, priority, ""});
  }
}

void write_entry(const QueueFiles& files, const QueueEntry& entry) {
  const std::string words = fmt::format("{}\n{}", entry.run.lexically_proximate(files.root).string(),
                                        entry.priority ? fmt::format("priority {}\n", entry.priority) : "");
  write_file_atomically(entry.file, std::array{std::string_view(words)});
}

}  // namespace ablate
