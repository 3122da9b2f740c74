#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ablate {

/// What eval mode gains when one norm layer alone (a place of use) normalises with the statistics of its batch.
struct LayerBlame {
  std::string layer;
  double gain = 0;  ///< of the primary metric; positive is better, whatever the metric
};

/// findings.json: what the doctor says.
struct Finding {
  std::string cause;  ///< a fixed name, as "shared-norm" or "norm-lag"
  std::string layer;
  double confidence = 0;  ///< 0 to 1
  std::string sentence;
  std::vector<std::string> evidence;
  std::string cure;
  std::vector<LayerBlame> blame;  ///< the most first; empty where running statistics are not the matter
};

/// Empty when there is no findings.json (yet); throws Error that names a damaged one.
std::vector<Finding> read_findings(const std::filesystem::path& folder);

/// When a run was looked at: at its end all that can be tested is.
enum class Examined { while_training, at_the_end };
void write_findings(const std::filesystem::path& folder, const std::vector<Finding>& findings,
                    Examined when = Examined::at_the_end);
/// Whether there are findings, or that there are none, of a run's end.
bool examined_at_the_end(const std::filesystem::path& folder);

nlohmann::json to_json(const Finding& finding);

}  // namespace ablate
