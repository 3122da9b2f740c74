#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "runs/file_descriptor.h"

namespace ablate {

/// A worker that this process started, and must wait for.
struct Worker {
  std::filesystem::path run;
  pid_t process = -1;
  std::int64_t oom_kills_before = 0;
  FileDescriptor gone = {};  ///< a pidfd, readable once it has ended; none where the system gives none
};

/// Starts `ablate-train run <run>`, its output appended to `<run>/console.log`. `threads` 0: as the worker decides.
/// `keep_open`: a descriptor (a lock) that it holds for as long as it lives. `gpu`: the only one that it sees.
/// A worker with such a lock is one of the queue's, and says so in its status (launcher). Throws
/// Error when it can't be started.
Worker start_worker(const std::filesystem::path& run, int threads, int keep_open = -1, const std::string& gpu = "");

/// How it ended, as waitpid says it; nullopt while it lives.
std::optional<int> ended(const Worker& worker);

/// Writes a status that tells how the worker ended, where it could not do so itself: it was killed, crashed, or left
/// before its end. What the worker said itself stays.
void settle(const Worker& worker, int wait_status);

/// The same for a run whose worker a person killed: stopped, after its last checkpoint.
void settle_killed(const std::filesystem::path& run);

/// The same for a run whose worker could not even be started.
void settle_unstarted(const std::filesystem::path& run, const std::string& reason);

}  // namespace ablate
