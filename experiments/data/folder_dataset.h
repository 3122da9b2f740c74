#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/data/dataset.h"

namespace ablate {

/// A picture and its mask (empty: none is wanted), not yet opened.
struct PictureFiles {
  std::string name;  ///< the stem, unique
  std::filesystem::path image, mask;
  Labels labels;  ///< as a manifest has them
};

struct FolderScan {
  std::filesystem::path folder;     ///< or the manifest
  std::vector<PictureFiles> files;  ///< by name
  /// Pictures without masks, masks without pictures, names used twice, kinds of files that aren't read, folders within.
  std::vector<std::string> problems;
  std::size_t left_out = 0;  ///< pictures among them
};

/// `folder`/images/NAME.* with `folder`/masks/NAME.*, or what a manifest lists (manifest.h). What is named in `exclude`
/// is no problem when its mask is missing. Throws Error where the folders are missing or hold no pair.
FolderScan scan_pairs(const std::filesystem::path& folder, const std::vector<std::string>& exclude);

/// Every picture directly in `folder`. Throws Error, which begins with `who`, where there is none.
FolderScan scan_pictures(const std::filesystem::path& folder, std::string_view who = "");

}  // namespace ablate
