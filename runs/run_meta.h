#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ablate {

/// meta.json, what people said of a run.
struct RunMeta {
  std::string name;
  std::vector<std::string> tags;
  std::string notes;
  std::string color;  ///< "#rrggbb", empty for the automatic one
  bool archived = false;
  nlohmann::json other = nlohmann::json::object();  ///< keys that we don't know, kept
};

/// Everything empty when there is no meta.json yet; throws Error that names a damaged one.
RunMeta read_meta(const std::filesystem::path& folder);

/// Reads, changes and renames into place under the file's own lock, so that two programs don't lose each other's words.
/// Throws Error for a folder without run.json: what others wrote is never written to.
void change_meta(const std::filesystem::path& folder, const std::function<void(RunMeta&)>& change);

/// What `read_meta` does once the file is parsed: `where` is for the messages.
RunMeta meta_from_json(nlohmann::json json, const std::string& where);
nlohmann::json to_json(const RunMeta& meta);

}  // namespace ablate
