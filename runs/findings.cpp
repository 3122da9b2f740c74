#include "runs/findings.h"

#include <fmt/format.h>

#include "runs/error.h"
#include "runs/json_file.h"

namespace ablate {

namespace {

LayerBlame read_blame(nlohmann::json element, const std::string& where) {
  if (!element.is_object()) throw Error(where + ": \"blame\" is not a list of objects");
  LayerBlame blame;
  take(element, "layer", blame.layer, where);
  take(element, "gain", blame.gain, where);
  return blame;
}

}  // namespace

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
    for (const nlohmann::json& blamed : element.value("blame", nlohmann::json::array()))
      finding.blame.push_back(read_blame(blamed, where));
  }
  return findings;
}

nlohmann::json to_json(const Finding& finding) {
  nlohmann::json json = {{"cause", finding.cause},           {"layer", finding.layer},
                         {"confidence", finding.confidence}, {"sentence", finding.sentence},
                         {"evidence", finding.evidence},     {"cure", finding.cure}};
  for (const LayerBlame& blame : finding.blame) json["blame"].push_back({{"layer", blame.layer}, {"gain", blame.gain}});
  return json;
}

void write_findings(const std::filesystem::path& folder, const std::vector<Finding>& findings, Examined when) {
  nlohmann::json list = nlohmann::json::array();
  for (const Finding& finding : findings) list.push_back(to_json(finding));
  nlohmann::json json = {{"findings", std::move(list)}};
  if (when == Examined::while_training) json["while_training"] = true;
  write_json_file(folder / "findings.json", std::move(json));
}

bool examined_at_the_end(const std::filesystem::path& folder) {
  const auto json = read_json_file(folder / "findings.json");
  return json && !json->contains("while_training");
}

}  // namespace ablate
