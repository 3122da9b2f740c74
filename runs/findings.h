#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ablate {

/// findings.json: what the doctor says.
struct Finding {
  std::string cause;  ///< a fixed name, as "shared-norm" or "norm-lag"
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
