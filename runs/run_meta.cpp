#include "runs/run_meta.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/paths.h"
#include "runs/run_lock.h"
#include "runs/text.h"

namespace ablate {

RunMeta meta_from_json(nlohmann::json json, const std::string& where) {
  RunMeta meta;
  take(json, "name", meta.name, where);
  take(json, "tags", meta.tags, where);
  take(json, "notes", meta.notes, where);
  take(json, "color", meta.color, where);
  take(json, "pinned", meta.pinned, where);
  take(json, "archived", meta.archived, where);
  take(json, "figures", meta.figures, where);
  json.erase("format");
  meta.other = std::move(json);
  return meta;
}

nlohmann::json to_json(const RunMeta& meta) {
  nlohmann::json json = meta.other.is_object() ? meta.other : nlohmann::json::object();
  json["name"] = meta.name;
  json["tags"] = meta.tags;
  json["notes"] = meta.notes;
  json["figures"] = nlohmann::json::object();
  for (const auto& [name, value] : meta.figures) json["figures"][name] = json_number(value);
  json["color"] = meta.color;
  json["pinned"] = meta.pinned;
  json["archived"] = meta.archived;
  return json;
}

std::pair<std::string, std::optional<double>> figure_from_words(std::string_view words) {
  const std::size_t equals = std::min(words.rfind('='), words.size());
  const std::string name(trimmed(words.substr(0, equals)));
  const std::string_view value = trimmed(words.substr(std::min(equals + 1, words.size())));
  double number = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool whole = read.ec == std::errc() && read.ptr == value.data() + value.size();
  if (name.empty() || equals == words.size() || (!value.empty() && !whole))
    throw Error(fmt::format("\"{}\" is no figure: it is written NAME=NUMBER, as leaderboard=0.87.", words));
  return {name, value.empty() ? std::nullopt : std::optional(number)};
}

namespace {

namespace fs = std::filesystem;

bool is_ours(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "run.json", ignored);
}

/// Of another program's run.
fs::path marks_file(const fs::path& folder) {
  const fs::path data = folder_of_user("XDG_DATA_HOME", ".local/share");
  return data.empty() ? fs::path() : data / "marks" / (path_key(folder) + ".json");
}

}  // namespace

RunMeta read_meta(const fs::path& folder) {
  const fs::path file = is_ours(folder) ? folder / "meta.json" : marks_file(folder);
  auto json = file.empty() ? std::nullopt : read_json_file(file);
  return json ? meta_from_json(std::move(*json), file.string()) : RunMeta{};
}

void change_meta(const fs::path& folder, const std::function<void(RunMeta&)>& change) {
  const bool ours = is_ours(folder);
  const fs::path file = ours ? folder / "meta.json" : marks_file(folder);
  if (file.empty())
    throw Error(
        fmt::format("{}: another program's run, of which nothing can be kept where there is no home folder. "
                    "Set $XDG_DATA_HOME.",
                    folder.string()));
  std::error_code told_by_the_lock;
  if (!ours) fs::create_directories(file.parent_path(), told_by_the_lock);
  const FileLock lock(ours ? folder / ".meta.lock" : fs::path(file.string() + ".lock"));
  RunMeta meta = read_meta(folder);
  change(meta);
  if (!ours) meta.other["folder"] = plain_path(folder).string();
  write_json_file(file, to_json(meta));
}

}  // namespace ablate
