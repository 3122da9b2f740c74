#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "experiments/data/dataset.h"
#include "experiments/data/folder_dataset.h"

namespace ablate {

/// What decoding came to.
struct DecodedPictures {
  std::shared_ptr<const Dataset> dataset;
  std::vector<std::string> problems;  ///< unreadable pictures, masks of another size: one sentence each
  std::uint64_t key = 0;              ///< hash of the files' names, sizes and times and of the size asked for
};

/// The pictures of `scan` at height × width, 8 bit, mapped from `cache_folder`/<key>.pictures; decoded there first,
/// with every core, when that file isn't there, is of other files, or is damaged. Processes that want the same one
/// decode it once. Throws Error when the cache can't be written, or not a single picture can be read.
DecodedPictures open_decoded(const FolderScan& scan, int height, int width, const std::filesystem::path& cache_folder,
                             const std::function<void(std::size_t, std::size_t)>& progress);

}  // namespace ablate
