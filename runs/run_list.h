#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "runs/run_store.h"

namespace ablate {

/// The runs below a root, listed again and again: of one whose small files are as they were, nothing is read a second
/// time, but for whether somebody still trains it, which no file tells. One thread.
class RunList {
 public:
  explicit RunList(std::filesystem::path root) : root_(std::move(root)) {}

  /// As list_runs.
  std::vector<RunInfo> list();
  /// As read_run.
  RunInfo read(const std::filesystem::path& folder);

 private:
  /// Zeros for a file that is not there.
  struct FileState {
    std::uint64_t inode = 0, size = 0;
    std::int64_t changed_ns = 0;  ///< its inode, too: also by chmod
    bool operator==(const FileState&) const = default;
  };
  struct Files {
    FileState run, status, meta;
    bool operator==(const Files&) const = default;
  };
  struct Known {
    Files files;                ///< as they were before they were read
    RunInfo info;               ///< as it was read
    bool settled = false;       ///< it was read without a complaint, and changes only with its files
    std::uint64_t listing = 0;  ///< the last one that found it
  };
  struct Identity {
    std::uint64_t device, inode;
    bool operator==(const Identity&) const = default;
  };

  static FileState state_of(const std::string& file);
  static Files files_of(const std::string& folder);

  const RunInfo* unchanged(const std::filesystem::path& folder);
  RunInfo read_own(const std::filesystem::path& folder);
  void descend(const std::filesystem::path& folder, std::vector<Identity>& ancestors, std::vector<RunInfo>& found);

  std::filesystem::path root_;
  std::unordered_map<std::string, Known> known_;  ///< our own runs, by folder
  std::uint64_t listing_ = 0;
};

/// Whether there is a run.json in it, or a file that TensorBoard takes for an event file.
bool holds_run(const std::filesystem::path& folder);

}  // namespace ablate
