#include "runs/evaluations.h"

#include <charconv>
#include <optional>

#include "runs/error.h"
#include "runs/json_file.h"

namespace ablate {
namespace {

StoredEvaluation::Scores scores_of(const nlohmann::json& samples, const nlohmann::json& metrics) {
  StoredEvaluation::Scores scores;
  scores.samples = samples.get<std::size_t>();
  for (const auto& [name, value] : metrics.items())
    if (name != "samples") scores.metrics[name] = number_of(value);
  return scores;
}

/// Without a value for a file that is not one of these, or damaged.
std::optional<StoredEvaluation> read_one(const std::filesystem::path& file) {
  const std::string name = file.stem().string();
  const std::size_t at = name.rfind('@');
  StoredEvaluation evaluation;
  if (file.extension() != ".json" || at == std::string::npos) return std::nullopt;
  evaluation.set = name.substr(0, at);
  if (std::from_chars(name.data() + at + 1, name.data() + name.size(), evaluation.step).ec != std::errc())
    return std::nullopt;
  try {
    const auto document = read_json_file(file);
    if (!document) return std::nullopt;
    evaluation.all = scores_of(document->at("samples"), document->at("metrics"));
    evaluation.size = document->value("size", "");
    const nlohmann::json strata = document->value("strata", nlohmann::json::object());
    for (const auto& [stratum, scores] : strata.items())
      evaluation.strata[stratum] = scores_of(scores.at("samples"), scores);
  } catch (const Error&) {
    return std::nullopt;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
  return evaluation;
}

}  // namespace

std::vector<StoredEvaluation> read_evaluations(const std::filesystem::path& run) {
  std::map<std::string, StoredEvaluation> newest;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(run / "evaluations", ignored)) {
    auto evaluation = read_one(entry.path());
    if (!evaluation) continue;
    const auto [known, added] = newest.try_emplace(evaluation->set, *evaluation);
    if (!added && known->second.step < evaluation->step) known->second = std::move(*evaluation);
  }
  std::vector<StoredEvaluation> all;
  for (auto& [_, evaluation] : newest) all.push_back(std::move(evaluation));
  return all;
}

}  // namespace ablate
