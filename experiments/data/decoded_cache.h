#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "experiments/data/dataset.h"
#include "experiments/data/folder_dataset.h"

namespace ablate {

/// What decoding came to.
struct DecodedPictures {
  std::shared_ptr<const Dataset> dataset;
  /// Name of a sample that is left out, and one sentence: an unreadable picture, a mask of another size.
  std::vector<std::pair<std::string, std::string>> problems;
  std::vector<std::string> notes;  ///< what is odd about the set as a whole
  std::uint64_t key = 0;           ///< hash of the files' names, sizes and times and of the size asked for
};

/// The pictures of `scan` at height × width, 8 bit, mapped from a file in `cache_folder`: one for each folder and size.
/// Decoded there first, on every core, when that file isn't there, is of other files, or is damaged; processes that
/// want the same one decode it once. `progress` is called from any of the decoding threads, one at a time; what it
/// throws ends the decoding and is thrown on. Throws Error when the cache can't be written, or not one picture can be
/// read.
DecodedPictures open_decoded(const FolderScan& scan, int height, int width, const std::filesystem::path& cache_folder,
                             const std::function<void(std::size_t, std::size_t)>& progress);

}  // namespace ablate
