#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ablate {

/// findings.json: what the doctor says (design.md §5, `doctor`).
struct Finding {
  std::string cause;  ///< fixed names of domain.md §8, e.g. "shared-norm"
  std::string layer;
  double confidence = 0;  ///< 0 to 1
  std::string sentence;
  std::vector<std::string> evidence;
  std::string cure;
};

/// Empty when there is no findings.json (yet); throws Error that names a damaged one.
std::vector<Finding> read_findings(const std::filesystem::path& folder);
void write_findings(const std::filesystem::path& folder, const std::vector<Finding>& findings);

nlohmann::json to_json(const Finding& finding);

}  // namespace ablate
