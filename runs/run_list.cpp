#include "runs/run_list.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "runs/atomic_file.h"
#include "runs/error.h"
#include "runs/json_file.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

std::string id_of(const fs::path& root, const fs::path& folder) {
  const fs::path relative = folder.lexically_normal().lexically_relative(root.lexically_normal());
  const std::string id = relative.empty() ? folder.lexically_normal().generic_string() : relative.generic_string();
  return id.size() > 1 && id.ends_with('/') ? id.substr(0, id.size() - 1) : id;
}

std::string last_name(const fs::path& folder) {
  const fs::path normal = fs::absolute(folder).lexically_normal();
  return (normal.has_filename() ? normal : normal.parent_path()).filename().string();
}

std::string text_at(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

void fail(RunInfo& info, const std::string& why) {
  info.status.state = RunState::failed;
  info.status.error = why;
}

RunInfo unread_run(const fs::path& root, const fs::path& folder) {
  RunInfo info;
  info.folder = folder;
  info.id = id_of(root, folder);
  info.name = info.id == "." ? last_name(folder) : info.id;
  return info;
}

RunInfo read_foreign_run(RunInfo info) {
  info.status.state = RunState::foreign;
  try {
    info.meta = read_meta(info.folder);
  } catch (const Error&) {  // What was said of it is damaged; the run is not.
  }
  if (!info.meta.name.empty()) info.name = info.meta.name;
  return info;
}

}  // namespace

bool holds_run(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code vanished;
    if ((name == "run.json" || name.find("tfevents") != std::string::npos) && entry->is_regular_file(vanished))
      return true;
  }
  return false;
}

RunList::FileState RunList::state_of(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return {};
  return {status.st_ino, static_cast<std::uint64_t>(status.st_size),
          status.st_ctim.tv_sec * 1'000'000'000 + status.st_ctim.tv_nsec};
}

RunList::Files RunList::files_of(const std::string& folder) {
  return {state_of(folder + "/run.json"), state_of(folder + "/status.json"), state_of(folder + "/meta.json")};
}

const RunInfo* RunList::unchanged(const fs::path& folder) {
  const auto known = known_.find(folder.native());
  if (known == known_.end() || !known->second.settled || files_of(folder) != known->second.files) return nullptr;
  known->second.listing = listing_;
  return &known->second.info;
}

RunInfo RunList::read_own(const fs::path& folder) {
  Known& known = known_[folder.native()];
  const Files files = files_of(folder);
  RunInfo info = unread_run(root_, folder);
  bool settled = false;
  try {
    if (files.run == known.files.run && !known.info.run->is_null())
      info.run = known.info.run;
    else if (auto run = read_json_file(folder / "run.json"))
      info.run = std::make_shared<const nlohmann::json>(std::move(*run));
    info.experiment = text_at(*info.run, "experiment");
    if (const std::string variant = text_at(*info.run, "variant"); !variant.empty()) info.name = variant;
    info.meta = read_meta(folder);
    if (!info.meta.name.empty()) info.name = info.meta.name;
    info.status = read_resolved_status(folder);
    settled = info.status.state != RunState::running && info.status.state != RunState::interrupted;
  } catch (const Error& error) {
    fail(info, error.what());
  }
  known = {files, info, settled, listing_};
  return info;
}

RunInfo RunList::read(const fs::path& folder) {
  if (const RunInfo* const info = unchanged(folder)) return *info;
  std::error_code error;
  if (fs::exists(folder / "run.json", error)) return read_own(folder);
  RunInfo info = unread_run(root_, folder);
  if (holds_run(folder)) return read_foreign_run(std::move(info));
  fail(info, fmt::format("{}: neither run.json nor event files there", folder.string()));
  return info;
}

/// `ancestors` are the folders that lead here: a link back to one of them ends the descent.
void RunList::descend(const fs::path& folder, std::vector<Identity>& ancestors, std::vector<RunInfo>& found) {
  if (const RunInfo* const info = unchanged(folder)) {
    found.push_back(*info);
    return;
  }
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return;
  const Identity identity{status.st_dev, status.st_ino};
  if (std::ranges::find(ancestors, identity) != ancestors.end()) return;

  std::error_code error;
  std::vector<fs::path> folders;
  bool own = false, foreign = false;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code vanished;
    if (entry->is_directory(vanished)) {
      if (name != ".ablate") folders.push_back(entry->path());
    } else if (name == "run.json") {
      own = true;
    } else if (name.find("tfevents") != std::string::npos && entry->is_regular_file(vanished)) {
      foreign = true;
    }
  }
  if (error) {
    if (error == std::errc::no_such_file_or_directory) return;
    fail(found.emplace_back(unread_run(root_, folder)),
         fmt::format("{}: can't read the folder: {}", folder.string(), system_error_text(error.value())));
    return;
  }
  if (own) {
    found.push_back(read_own(folder));
    return;  // What lies below are its own files.
  }
  if (foreign) found.push_back(read_foreign_run(unread_run(root_, folder)));
  ancestors.push_back(identity);
  for (const fs::path& below : folders) descend(below, ancestors, found);
  ancestors.pop_back();
}

std::vector<RunInfo> RunList::list() {
  ++listing_;
  std::vector<RunInfo> runs;
  std::vector<Identity> ancestors;
  descend(root_, ancestors, runs);
  std::erase_if(known_, [this](const auto& run) { return run.second.listing != listing_; });
  std::ranges::sort(runs, {}, &RunInfo::id);
  return runs;
}

}  // namespace ablate
