#pragma once

#include <filesystem>
#include <string_view>

#include "experiments/data/folder_dataset.h"

namespace ablate {

/// Whether `path` is a list of samples rather than a folder of them: a file.
bool is_manifest(const std::filesystem::path& path);

/// What a manifest says: a JSON object a line, {"image": FILE, "mask": FILE}, files beside it or with their paths, and
/// what else is known of the sample as words, numbers or lists of words ("group": what is never cut apart between
/// training and validation, "scene", "source", "tag", …), which become its labels. A sample is called as "name" says,
/// or as its image's path without the ending. Problems name `file` and the line. Looks at no other file.
FolderScan parse_manifest(std::string_view text, const std::filesystem::path& file);

/// The samples of a manifest whose files are there; the others are problems, unless named in `exclude`. Throws Error
/// where the manifest can't be read, and where it lists no sample that could be used.
FolderScan scan_manifest(const std::filesystem::path& file, const std::vector<std::string>& exclude);

}  // namespace ablate
