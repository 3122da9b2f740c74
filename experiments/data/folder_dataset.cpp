#include "experiments/data/folder_dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "experiments/data/manifest.h"
#include "experiments/data/picture_files.h"
#include "runs/error.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

constexpr const char* kKinds = "JPEG, PNG, WebP, TIFF or BMP";

/// Pictures by stem. What is there but can't be one of them is added to the problems, and how many to `left_out`.
std::map<std::string, fs::path> by_stem(const fs::path& folder, std::vector<std::string>& problems,
                                        std::size_t& left_out) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path& path = entry->path();
    std::error_code ignored;
    if (entry->is_directory(ignored)) {
      if (!path.filename().string().starts_with('.'))
        problems.push_back(fmt::format("{}: is a folder, and pictures in it are not looked for. Move them to {}.",
                                       path.string(), folder.string()));
    } else if (is_picture(path)) {
      files.push_back(path);
    } else if (is_unreadable_kind(path)) {
      problems.push_back(
          fmt::format("{}: left out, this kind of file is not read. Convert it to {}.", path.string(), kKinds));
      ++left_out;
    }
  }
  if (error) throw Error(fmt::format("{}: can't be listed ({}).", folder.string(), error.message()));
  std::ranges::sort(problems);
  std::ranges::sort(files);
  std::map<std::string, fs::path> stems;
  for (const fs::path& file : files)
    if (const auto [first, added] = stems.emplace(file.stem().string(), file); !added) {
      problems.push_back(fmt::format("{}: left out, because {} has the same name. Rename one.", file.string(),
                                     first->second.filename().string()));
      ++left_out;
    }
  return stems;
}

std::string first_of(const std::vector<std::string>& problems) {
  return problems.empty() ? "" : " " + problems.front();
}

}  // namespace

FolderScan scan_pairs(const fs::path& folder, const std::vector<std::string>& exclude) {
  if (is_manifest(folder)) return scan_manifest(folder, exclude);
  std::error_code error;
  if (!fs::is_directory(folder, error))
    throw Error(fmt::format("{}: there is no such folder; check data.path.", folder.string()));
  for (const char* part : {"images", "masks"})
    if (!fs::is_directory(folder / part, error))
      throw Error(fmt::format(
          "{}: there is no folder {}/ in it. A data set is images/NAME.* with masks/NAME.*; check data.path.",
          folder.string(), part));
  FolderScan scan;
  scan.folder = folder;
  std::size_t masks_left_out = 0;
  auto images = by_stem(folder / "images", scan.problems, scan.left_out);
  std::vector<std::string> mask_problems;
  auto masks = by_stem(folder / "masks", mask_problems, masks_left_out);
  if (images.empty())
    throw Error(
        fmt::format("{}: no pictures there ({}).{}", (folder / "images").string(), kKinds, first_of(scan.problems)));
  scan.problems.insert(scan.problems.end(), mask_problems.begin(), mask_problems.end());
  for (const auto& [name, image] : images) {
    if (const auto mask = masks.find(name); mask != masks.end()) {
      scan.files.push_back({name, image, mask->second, {}});
      masks.erase(mask);
    } else if (std::ranges::find(exclude, name) == exclude.end()) {
      scan.problems.push_back(
          fmt::format("{}: has no mask {}.*, left out.", image.string(), (folder / "masks" / name).string()));
      ++scan.left_out;
    }
  }
  for (const auto& [name, mask] : masks)
    scan.problems.push_back(fmt::format("{}: belongs to no picture in images/.", mask.string()));
  if (scan.files.empty())
    throw Error(fmt::format("{}: no picture has a mask of the same name. Example: {} wants {}.", folder.string(),
                            images.begin()->second.string(),
                            (folder / "masks" / (images.begin()->first + ".png")).string()));
  return scan;
}

FolderScan scan_pictures(const fs::path& folder, std::string_view who) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    throw Error(fmt::format("{}{}: there is no such folder.", who, folder.string()));
  FolderScan scan;
  scan.folder = folder;
  for (const auto& [name, image] : by_stem(folder, scan.problems, scan.left_out))
    scan.files.push_back({name, image, {}, {}});
  if (scan.files.empty())
    throw Error(fmt::format("{}{}: no pictures there ({}).{}", who, folder.string(), kKinds, first_of(scan.problems)));
  return scan;
}

}  // namespace ablate
