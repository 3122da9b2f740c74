#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ablate {

/// The files of a root's queue, in `<root>/.ablate/queue/`. `waiting/` and `started/` hold one file a run, named by a
/// rising number: the run's path relative to the root, and below it lines like "priority 3" and "gpu GPU-1b2c…" (the
/// last of a kind counts). `lock` guards changes of them, and the keeper's coming and going; `keeper` is held by the
/// keeper and has its process number; `slots` holds the number that was asked for.
struct QueueFiles {
  explicit QueueFiles(const std::filesystem::path& root);
  /// Throws Error where it can't.
  void make_folders() const;

  std::filesystem::path root, folder, waiting, started, lock, keeper, slots, log;
};

struct QueueEntry {
  std::filesystem::path file;
  std::filesystem::path run;
  int priority = 0;
  std::string gpu;  ///< where it was started; empty: on the processor
};

/// Of `waiting` or `started`, in the order in which they start: by priority, then by submission. An entry that another
/// process takes away meanwhile is left out.
std::vector<QueueEntry> entries(const QueueFiles& files, const std::filesystem::path& folder);
std::optional<QueueEntry> entry_of(const QueueFiles& files, const std::filesystem::path& folder,
                                   const std::filesystem::path& run);

/// Adds runs to those that wait; one that waits or trains already stays as it is. With the lock held.
void append(const QueueFiles& files, const std::vector<std::filesystem::path>& runs, int priority);

/// Whole, by renaming. Throws Error (disk full).
void write_entry(const QueueFiles& files, const QueueEntry& entry);

}  // namespace ablate
