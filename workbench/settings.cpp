#include "workbench/settings.h"

#include <cstdlib>
#include <fstream>

#include "workbench/window.h"

namespace ablate {

namespace fs = std::filesystem;

fs::path settings_folder() {
  if (const char* folder = std::getenv("XDG_CONFIG_HOME"); folder && *folder) return fs::path(folder) / "ablate";
  if (const char* home = std::getenv("HOME"); home && *home) return fs::path(home) / ".config" / "ablate";
  return {};
}

Settings::Settings(fs::path folder) : folder_(std::move(folder)) {
  if (folder_.empty()) return;
  std::error_code failure;
  fs::create_directories(folder_, failure);
  std::ifstream stream(folder_ / "settings.json");
  nlohmann::json read = nlohmann::json::parse(stream, nullptr, false);
  if (read.is_object()) values_ = std::move(read);
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

void Settings::save() const {
  if (folder_.empty()) return;
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
