#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace ablate {

/// What the window remembers from one start to the next: settings.json in a folder, beside ImGui's layout.ini. A file
/// that is missing or damaged counts as empty; one that can't be written is no error: a window works without a memory.
/// Several windows may remember at the same time: each changes what it has changed itself.
class Settings {
 public:
  /// Empty folder: remembers nothing.
  explicit Settings(std::filesystem::path folder);

  /// Where ImGui keeps the layout; empty where nothing is remembered.
  std::string layout_file() const;

  nlohmann::json& at(const std::string& key) { return values_[key]; }
  /// Choices that belong to one runs root.
  nlohmann::json& of_root(const std::filesystem::path& root);
  void save();

 private:
  std::filesystem::path folder_;
  nlohmann::json values_ = nlohmann::json::object();
  nlohmann::json saved_ = nlohmann::json::object();  ///< the same when they were last read or saved
};

}  // namespace ablate
