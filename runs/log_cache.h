#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runs/series_builder.h"

namespace ablate {

/// What was found in a run's event files, so that they need not be read again: the scalars as they lie in memory, which
/// are mapped when they are wanted and take no memory of the process's own; and where in the files all other events
/// are, which are few in logs that are long.
struct CachedLog {
  struct File {
    std::string name;
    std::uint64_t inode = 0, size = 0;
    std::int64_t changed_ns = 0;
    std::uint64_t offset = 0;  ///< how far it was read
    std::uint32_t mark = 0;    ///< the four bytes before that
    /// Of the records for which the builder needs_event: where their frames begin.
    std::vector<std::uint64_t> events;
  };
  std::vector<File> files;  ///< in the order read
  SeriesBuilder::Scalars scalars;
};

/// $XDG_CACHE_HOME/ablate, or ~/.cache/ablate; empty where there is neither.
std::filesystem::path cache_folder();

/// Of a run, from a file in `cache`. nullopt where there is none, or it is damaged or of another version. Any number of
/// processes may read, and write, at the same time. Whether the event files are still those is for the caller to see.
std::optional<CachedLog> read_cached_log(const std::filesystem::path& cache, const std::filesystem::path& run);

/// Throws Error where it can't be written. What has not been read for longest is taken away where there is too much.
void write_cached_log(const std::filesystem::path& cache, const std::filesystem::path& run, const CachedLog& log);

/// What such a file's message says, which was written for `run`, and whose blocks' memory is `memory`, aligned to 8
/// bytes. nullopt where it can't be understood.
std::optional<CachedLog> cached_log_of(std::string_view message, const std::string& run,
                                       std::shared_ptr<const std::byte> memory, std::size_t bytes);

/// The file of a run.
std::filesystem::path cached_log_file(const std::filesystem::path& cache, const std::filesystem::path& run);

}  // namespace ablate
