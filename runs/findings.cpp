#include "runs/findings.h"

#include <fmt/format.h>

#include "runs/error.h"
#include "runs/json_file.h"

namespace ablate {

std::vector<Finding> read_findings(const std::filesystem::path& folder) {
  const auto file = folder / "findings.json";
  const auto json = read_json_file(file);
  std::vector<Finding> findings;
  if (!json) return findings;
  const auto list = json->find("findings");
  if (list == json->end() || !list->is_array())
    throw Error(fmt::format("{}: \"findings\" is not a list", file.string()));
  for (nlohmann::json element : *list) {
    const std::string where = fmt::format("{}, finding {}", file.string(), findings.size() + 1);
    if (!element.is_object()) throw Error(where + ": not an object");
    Finding& finding = findings.emplace_back();
    take(element, "cause", finding.cause, where);
    take(element, "layer", finding.layer, where);
    take(element, "confidence", finding.confidence, where);
    take(element, "sentence", finding.sentence, where);
    take(element, "evidence", finding.evidence, where);
    take(element, "cure", finding.cure, where);
  }
  return findings;
}

nlohmann::json to_json(const Finding& finding) {
  return {{"cause", finding.cause},       {"layer", finding.layer},       {"confidence", finding.confidence},
          {"sentence", finding.sentence}, {"evidence", finding.evidence}, {"cure", finding.cure}};
}

void write_findings(const std::filesystem::path& folder, const std::vector<Finding>& findings) {
  nlohmann::json list = nlohmann::json::array();
  for (const Finding& finding : findings) list.push_back(to_json(finding));
  write_json_file(folder / "findings.json", {{"findings", std::move(list)}});
}

}  // namespace ablate
