#include "experiments/data/folder_dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "runs/error.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

bool is_picture(const fs::path& file) {
  static const std::set<std::string> endings{".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"};
  std::string ending = file.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return endings.contains(ending) && !file.filename().string().starts_with('.');
}

/// Pictures by stem; a second picture of one stem is a problem.
std::map<std::string, fs::path> by_stem(const fs::path& folder, std::vector<std::string>& problems) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    if (is_picture(entry->path()) && entry->is_regular_file(error)) files.push_back(entry->path());
  if (error) throw Error(fmt::format("{}: can't be listed ({}).", folder.string(), error.message()));
  std::ranges::sort(files);
  std::map<std::string, fs::path> stems;
  for (const fs::path& file : files)
    if (const auto [first, added] = stems.emplace(file.stem().string(), file); !added)
      problems.push_back(fmt::format("{}: left out, because {} has the same name. Rename one.", file.string(),
                                     first->second.filename().string()));
  return stems;
}

}  // namespace

FolderScan scan_pairs(const fs::path& folder, const std::vector<std::string>& exclude) {
  for (const char* part : {"images", "masks"})
    if (!fs::is_directory(folder / part))
      throw Error(fmt::format(
          "{}: there is no folder {}/ in it. A data set is images/NAME.* with masks/NAME.*; check data.path.",
          folder.string(), part));
  FolderScan scan;
  auto images = by_stem(folder / "images", scan.problems);
  scan.left_out = scan.problems.size();
  auto masks = by_stem(folder / "masks", scan.problems);
  if (images.empty())
    throw Error(fmt::format("{}: no pictures there (JPEG, PNG, WebP, TIFF, BMP).", (folder / "images").string()));
  for (const auto& [name, image] : images) {
    const auto mask = masks.find(name);
    if (mask == masks.end()) {
      scan.problems.push_back(
          fmt::format("{}: has no mask {}.*, left out.", image.string(), (folder / "masks" / name).string()));
      ++scan.left_out;
      continue;
    }
    if (std::ranges::find(exclude, name) == exclude.end()) scan.files.push_back({name, image, mask->second});
    masks.erase(mask);
  }
  for (const auto& [name, mask] : masks)
    scan.problems.push_back(fmt::format("{}: belongs to no picture in images/.", mask.string()));
  if (scan.files.empty())
    throw Error(fmt::format("{}: no picture has a mask of the same name. Example: {} wants {}.", folder.string(),
                            images.begin()->second.string(),
                            (folder / "masks" / (images.begin()->first + ".png")).string()));
  return scan;
}

FolderScan scan_pictures(const fs::path& folder) {
  if (!fs::is_directory(folder))
    throw Error(fmt::format("{}: there is no such folder; check data.gallery.", folder.string()));
  FolderScan scan;
  for (const auto& [name, image] : by_stem(folder, scan.problems)) scan.files.push_back({name, image, {}});
  if (scan.files.empty())
    throw Error(
        fmt::format("{}: no pictures there (JPEG, PNG, WebP, TIFF, BMP); check data.gallery.", folder.string()));
  return scan;
}

}  // namespace ablate
