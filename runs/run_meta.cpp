#include "runs/run_meta.h"

#include <fmt/format.h>

#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/run_lock.h"

namespace ablate {

RunMeta meta_from_json(nlohmann::json json, const std::string& where) {
  RunMeta meta;
  take(json, "name", meta.name, where);
  take(json, "tags", meta.tags, where);
  take(json, "notes", meta.notes, where);
  take(json, "color", meta.color, where);
  take(json, "archived", meta.archived, where);
  json.erase("format");
  meta.other = std::move(json);
  return meta;
}

nlohmann::json to_json(const RunMeta& meta) {
  nlohmann::json json = meta.other.is_object() ? meta.other : nlohmann::json::object();
  json["name"] = meta.name;
  json["tags"] = meta.tags;
  json["notes"] = meta.notes;
  json["color"] = meta.color;
  json["archived"] = meta.archived;
  return json;
}

RunMeta read_meta(const std::filesystem::path& folder) {
  const auto file = folder / "meta.json";
  auto json = read_json_file(file);
  return json ? meta_from_json(std::move(*json), file.string()) : RunMeta{};
}

void change_meta(const std::filesystem::path& folder, const std::function<void(RunMeta&)>& change) {
  std::error_code ignored;
  if (!std::filesystem::exists(folder / "run.json", ignored))
    throw Error(fmt::format("{}: not a run of Ablate (no run.json), so its name, tags and notes can't be kept there",
                            folder.string()));
  const FileLock lock(folder / ".meta.lock");
  RunMeta meta = read_meta(folder);
  change(meta);
  write_json_file(folder / "meta.json", to_json(meta));
}

}  // namespace ablate
