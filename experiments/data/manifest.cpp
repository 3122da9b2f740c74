#include "experiments/data/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "runs/atomic_file.h"
#include "runs/error.h"
#include "runs/json_file.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::json;

std::string word_of(const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

/// Throws Error where `key` is not there, or not a file's name.
fs::path file_of(const json& sample, const char* key, const fs::path& folder) {
  const auto found = sample.find(key);
  if (found == sample.end() || !found->is_string() || found->get<std::string>().empty())
    throw Error(fmt::format("\"{}\" is missing, the name of a file", key));
  return (folder / found->get<std::string>()).lexically_normal();
}

/// Throws Error for what is no object with an image and a mask.
PictureFiles sample_of(const json& sample, const fs::path& folder) {
  if (!sample.is_object()) throw Error("a line is an object, as in {\"image\": \"a.jpg\", \"mask\": \"a.png\"}");
  PictureFiles files{"", file_of(sample, "image", folder), file_of(sample, "mask", folder), {}};
  files.name = fs::path(sample["image"].get<std::string>()).replace_extension().generic_string();
  for (const auto& [key, value] : sample.items()) {
    if (key == "image" || key == "mask" || value.is_null()) continue;
    if (key == "name") {
      if (!value.is_string() || value.get<std::string>().empty()) throw Error("\"name\" is no word");
      files.name = value.get<std::string>();
      continue;
    }
    for (const json& each : value.is_array() ? value : json::array({value})) {
      if (each.is_structured()) throw Error(fmt::format("\"{}\" is neither a word, a number, nor a list of them", key));
      files.labels.emplace_back(key, word_of(each));
    }
  }
  return files;
}

}  // namespace

bool is_manifest(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

FolderScan parse_manifest(std::string_view text, const fs::path& file) {
  FolderScan scan;
  scan.folder = file;
  std::set<std::string> names;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    try {
      PictureFiles files = sample_of(parse_json(line, "it"), file.parent_path());
      if (!names.insert(files.name).second)
        throw Error(fmt::format("another sample is called {} already; give it a \"name\"", files.name));
      scan.files.push_back(std::move(files));
    } catch (const Error& error) {
      scan.problems.push_back(fmt::format("{}, line {}: {}. Left out.", file.string(), number, error.what()));
      ++scan.left_out;
    }
  }
  std::ranges::sort(scan.files, {}, &PictureFiles::name);
  return scan;
}

FolderScan scan_manifest(const fs::path& file, const std::vector<std::string>& exclude) {
  const auto text = read_file(file);
  if (!text) throw Error(fmt::format("{}: is not there.", file.string()));
  FolderScan scan = parse_manifest(*text, file);
  std::erase_if(scan.files, [&](const PictureFiles& files) {
    std::error_code error;
    for (const fs::path& path : {files.image, files.mask}) {
      if (fs::is_regular_file(path, error)) continue;
      if (std::ranges::find(exclude, files.name) == exclude.end()) {
        scan.problems.push_back(fmt::format("{}: is not there; {} lists it. Left out.", path.string(), file.string()));
        ++scan.left_out;
      }
      return true;
    }
    return false;
  });
  if (scan.files.empty())
    throw Error(
        fmt::format("{}: it lists no sample that can be used; a line is {{\"image\": \"a.jpg\", \"mask\": "
                    "\"a.png\"}}.{}",
                    file.string(), scan.problems.empty() ? "" : " " + scan.problems.front()));
  return scan;
}

}  // namespace ablate
