#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ablate {

/// What people said of a run: its meta.json; of another program's, to whose folder nothing is written, a file by its
/// path in $XDG_DATA_HOME/ablate/marks, or ~/.local/share/ablate/marks.
struct RunMeta {
  std::string name;
  std::vector<std::string> tags;
  std::string notes;                                ///< Markdown
  std::map<std::string, double> figures;            ///< typed in, by name: a score that a leaderboard gave
  std::string color;                                ///< "#rrggbb", empty for the automatic one
  bool pinned = false;                              ///< stands before all others
  bool archived = false;                            ///< kept, but neither listed nor drawn
  nlohmann::json other = nlohmann::json::object();  ///< keys that we don't know, kept
  bool operator==(const RunMeta&) const = default;
};

/// Everything empty when there is none yet; throws Error that names a damaged one.
RunMeta read_meta(const std::filesystem::path& folder);

/// Reads, changes and renames into place under the file's own lock, so that two programs don't lose each other's words.
/// Throws Error where it can't be written.
void change_meta(const std::filesystem::path& folder, const std::function<void(RunMeta&)>& change);

/// "leaderboard=0.87", by name and value; nullopt for the value where nothing is behind the "=". Throws Error for what
/// is not written so.
std::pair<std::string, std::optional<double>> figure_from_words(std::string_view words);

/// What `read_meta` does once the file is parsed: `where` is for the messages.
RunMeta meta_from_json(nlohmann::json json, const std::string& where);
nlohmann::json to_json(const RunMeta& meta);

}  // namespace ablate
