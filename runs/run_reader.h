#pragma once

#include <filesystem>
#include <memory>

#include "runs/series.h"

namespace ablate {

/// Follows the event files of one run folder (any writer's). Rules: shared knowledge on how TensorBoard reads them, as
/// summed up in ARCHITECTURE.md ("Reading event files"): a torn tail is not yet there, a bad checksum ends that file
/// and is reported, a SessionLog START drops points at or after its step. One thread at a time; what `data()` returned
/// may be read by any thread for as long as it is kept.
class RunReader {
 public:
  /// `cache`: the folder of log_cache.h in which what is read of long logs is kept for the next reader; empty: nowhere.
  explicit RunReader(std::filesystem::path folder, std::filesystem::path cache = {});
  ~RunReader();
  RunReader(RunReader&&) noexcept;
  RunReader& operator=(RunReader&&) noexcept;

  /// Reads what has been appended since the last call, at most about `max_bytes` of it so that the caller stays
  /// responsive. Returns whether anything changed. Never throws for what is in the files; a folder that vanished is a
  /// problem in data().
  bool poll(std::size_t max_bytes = std::size_t(-1));

  /// Whether the last poll stopped at `max_bytes` with more to read.
  bool more() const;

  std::shared_ptr<const RunData> data() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ablate
