#include "workbench/settings.h"

#include <fstream>

#include "runs/paths.h"
#include "workbench/window.h"

namespace ablate {

namespace fs = std::filesystem;

namespace {

nlohmann::json read_settings(const fs::path& folder) {
  std::ifstream stream(folder / "settings.json");
  nlohmann::json read = nlohmann::json::parse(stream, nullptr, false);
  return read.is_object() ? read : nlohmann::json::object();
}

/// What makes `before` to `after`, as a merge patch (RFC 7396).
nlohmann::json changes(const nlohmann::json& before, const nlohmann::json& after) {
  if (!before.is_object() || !after.is_object()) return after;
  nlohmann::json patch = nlohmann::json::object();
  for (const auto& [key, value] : before.items())
    if (!after.contains(key)) patch[key] = nullptr;
  for (const auto& [key, value] : after.items())
    if (!before.contains(key) || before.at(key) != value)
      patch[key] = before.contains(key) ? changes(before.at(key), value) : value;
  return patch;
}

}  // namespace

fs::path settings_folder() { return folder_of_user("XDG_CONFIG_HOME", ".config"); }

Settings::Settings(fs::path folder) : folder_(std::move(folder)) {
  if (folder_.empty()) return;
  std::error_code failure;
  fs::create_directories(folder_, failure);
  values_ = saved_ = read_settings(folder_);
}

std::string Settings::layout_file() const { return folder_.empty() ? "" : (folder_ / "layout.ini").string(); }

nlohmann::json& Settings::of_root(const fs::path& root) {
  std::error_code failure;
  const fs::path whole = fs::weakly_canonical(root, failure);
  nlohmann::json& roots = values_["roots"];
  if (!roots.is_object()) roots = nlohmann::json::object();
  nlohmann::json& mine = roots[failure ? root.string() : whole.string()];
  if (!mine.is_object()) mine = nlohmann::json::object();
  return mine;
}

void Settings::save() {
  if (folder_.empty()) return;
  nlohmann::json now = read_settings(folder_);
  now.merge_patch(changes(saved_, values_));
  values_ = saved_ = std::move(now);
  const fs::path file = folder_ / "settings.json", beside = folder_ / "settings.json.new";
  std::error_code failure;
  {
    std::ofstream stream(beside);
    stream << values_.dump(1) << '\n';
    if (!stream.flush()) return;
  }
  fs::rename(beside, file, failure);
}

}  // namespace ablate
