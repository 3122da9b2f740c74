// Any text as a manifest, run.json, status.json and meta.json: an Error, or what comes back the same after writing and
// reading again.
#include "experiments/data/manifest.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/run_meta.h"
#include "runs/run_status.h"
#include "tests/fuzz/fuzz_support.h"

using ablate::require;

template <class Read>
void comes_back(const nlohmann::json& json, Read read) {
  nlohmann::json first;
  try {
    first = to_json(read(json));
  } catch (const ablate::Error&) {
    return;
  }
  const nlohmann::json written = ablate::parse_json(ablate::json_text(first), "written");
  require(ablate::json_text(to_json(read(written))) == ablate::json_text(first));
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ablate::FolderScan scan = ablate::parse_manifest(text, "manifest.jsonl");
  require(scan.left_out == scan.problems.size());
  nlohmann::json json;
  try {
    json = ablate::parse_json(text, "input");
    if (!json.is_object()) return 0;
  } catch (const ablate::Error&) {
    return 0;
  }
  comes_back(json, [](const nlohmann::json& object) { return ablate::status_from_json(object, "status"); });
  comes_back(json, [](const nlohmann::json& object) { return ablate::meta_from_json(object, "meta"); });
  return 0;
}
