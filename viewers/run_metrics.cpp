#include "viewers/run_metrics.h"

#include <algorithm>

#include "experiments/catalogue.h"

namespace ablate {
namespace {

std::optional<double> last_value(const RunView& run, const std::string& tag) {
  if (tag.empty()) return std::nullopt;
  if (const auto at = run.info.status.metrics.find(tag); at != run.info.status.metrics.end()) return at->second;
  if (!run.data) return std::nullopt;
  const auto at = run.data->scalars.find(tag);
  if (at == run.data->scalars.end() || at->second.empty()) return std::nullopt;
  return at->second.back().value;
}

bool has_tag(const RunView& run, const std::string& tag) {
  return run.info.status.metrics.contains(tag) || (run.data && run.data->scalars.contains(tag));
}

bool validated_in_train_mode(const RunView& run) {
  return run.config && run.config->text("validation.mode") == "train";
}

}  // namespace

ModeTags mode_tags(const RunView& run, const std::string& metric) {
  ModeTags tags;
  const std::string plain = metric + "/val", eval = plain + "_eval", train = plain + "_train_mode";
  if (has_tag(run, eval)) tags.eval = eval;
  if (has_tag(run, train)) tags.train = train;
  if (tags.eval.empty() && tags.train.empty() && has_tag(run, plain))
    (validated_in_train_mode(run) ? tags.train : tags.eval) = plain;
  return tags;
}

LastMetrics last_metrics(const RunView& run) {
  LastMetrics last;
  const std::string& best = run.info.status.best_metric;
  last.metric = best.empty() ? "iou" : best.substr(0, best.find('/'));
  const ModeTags tags = mode_tags(run, last.metric);
  last.eval = last_value(run, tags.eval);
  last.train = last_value(run, tags.train);
  return last;
}

std::optional<double> seconds_left(const RunView& run) {
  const RunStatus& status = run.info.status;
  if (status.step <= 0 || status.training_seconds <= 0 || status.total_steps <= status.step) return std::nullopt;
  return status.training_seconds / static_cast<double>(status.step) *
         static_cast<double>(status.total_steps - status.step);
}

std::string option_word(const std::string& key) {
  std::string word = key.substr(key.rfind('.') + 1);
  std::replace(word.begin(), word.end(), '_', ' ');
  return word;
}

std::vector<std::string> differing_words(const std::vector<const RunView*>& runs) {
  std::vector<RunConfig> configs;
  for (const RunView* run : runs)
    if (run->config) configs.push_back(run->config->canonical());
  std::vector<std::string> words;
  if (configs.size() < 2) return words;
  for (const std::string& key : differing_keys(configs)) {
    const auto same_word = [&](const Option& other) { return option_word(other.key) == option_word(key); };
    words.push_back(std::ranges::count_if(catalogue(), same_word) > 1 ? key : option_word(key));
  }
  return words;
}

}  // namespace ablate
