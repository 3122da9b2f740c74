#include "viewers/folder_check.h"

#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

#include "experiments/data/manifest.h"
#include "runs/error.h"

namespace ablate {

namespace fs = std::filesystem;

FolderFacts look_into(const std::string& folder) {
  FolderFacts facts;
  std::error_code failure;
  if (is_manifest(folder)) {
    try {
      const FolderScan scan = scan_manifest(folder, {});
      facts.pairs = scan.files.size();
      facts.without_mask = scan.left_out;
    } catch (const Error& error) {
      facts.problem = error.what();
    }
    return facts;
  }
  if (!fs::is_directory(folder, failure)) {
    facts.problem = folder + " is not a folder.";
    return facts;
  }
  const auto stems = [&](const fs::path& path) {
    std::set<std::string> found;
    for (fs::directory_iterator entry(path, failure), end; !failure && entry != end; entry.increment(failure))
      if (const fs::path& file = entry->path(); file.has_extension() && file.filename().string()[0] != '.')
        found.insert(file.stem().string());
    failure.clear();
    return found;
  };
  facts.pictures = stems(folder).size();
  for (const char* part : {"images", "masks"})
    if (!fs::is_directory(fs::path(folder) / part, failure)) {
      facts.problem = folder + " has no folder " + part + "/: images/NAME.* and masks/NAME.* are paired by name.";
      return facts;
    }
  const std::set<std::string> masks = stems(fs::path(folder) / "masks");
  for (const std::string& image : stems(fs::path(folder) / "images"))
    ++(masks.contains(image) ? facts.pairs : facts.without_mask);
  if (facts.pairs == 0) facts.problem = folder + ": no image in images/ has a mask of the same name in masks/.";
  return facts;
}

struct FolderCheck::State {
  std::string folder;
  FolderFacts facts;
  std::atomic<bool> known{false};
};

const FolderFacts* FolderCheck::facts(const std::string& folder) {
  if (!state_ || state_->folder != folder) {
    state_ = std::make_shared<State>();
    state_->folder = folder;
    // Not waited for: a folder that never answers must not keep the window from closing.
    std::thread([state = state_] {
      state->facts = look_into(state->folder);
      state->known.store(true, std::memory_order_release);
    }).detach();
  }
  return state_->known.load(std::memory_order_acquire) ? &state_->facts : nullptr;
}

}  // namespace ablate
