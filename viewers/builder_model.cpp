#include "viewers/builder_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "runs/error.h"
#include "runs/text.h"
#include "viewers/run_metrics.h"

namespace ablate {
namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string word; std::getline(stream, word, ',');) words.emplace_back(trimmed(word));
  if (words.empty()) words.emplace_back();
  return words;
}

}  // namespace

std::string naming_word(const std::string& key) {
  const std::string word = option_word(key);
  return word == "name" || word == "mode" ? key.substr(0, key.find('.')) : word;
}

std::string value_words(const nlohmann::json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array() && value.size() == 2 && value[0].is_number_integer())
    return fmt::format("{}x{}", value[0].get<std::int64_t>(), value[1].get<std::int64_t>());
  if (value.is_number_float()) return fmt::format("{:g}", value.get<double>());
  return value.dump();
}

std::vector<nlohmann::json> BuilderModel::values(const std::string& key) const {
  if (const auto at = chosen_.find(key); at != chosen_.end()) return at->second;
  const Option* const option = find_option(key);
  return {option ? option->default_value : nlohmann::json()};
}

bool BuilderModel::is_chosen(const std::string& key, const nlohmann::json& value) const {
  const auto chosen = values(key);
  return std::find(chosen.begin(), chosen.end(), value) != chosen.end();
}

void BuilderModel::toggle(const std::string& key, const nlohmann::json& value) {
  auto chosen = values(key);
  const auto at = std::find(chosen.begin(), chosen.end(), value);
  if (at == chosen.end())
    chosen.push_back(value);
  else if (chosen.size() > 1)
    chosen.erase(at);
  const Option* const option = find_option(key);
  const auto rank = [&](const nlohmann::json& each) {
    if (!option || !each.is_string()) return each == nlohmann::json(true) ? std::ptrdiff_t{1} : std::ptrdiff_t{0};
    return std::find(option->choices.begin(), option->choices.end(), each.get<std::string>()) - option->choices.begin();
  };
  std::stable_sort(chosen.begin(), chosen.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  chosen_[key] = std::move(chosen);
}

void BuilderModel::choose_only(const std::string& key, const nlohmann::json& value) { chosen_[key] = {value}; }

std::string BuilderModel::text(const std::string& key) const {
  if (const auto typed = texts_.find(key); typed != texts_.end()) return typed->second;
  std::string text;
  for (const nlohmann::json& value : values(key)) text += (text.empty() ? "" : ", ") + value_words(value);
  return text;
}

void BuilderModel::set_text(const std::string& key, const std::string& text) {
  const Option* const option = find_option(key);
  texts_[key] = text;
  problems_.erase(key);
  if (!option) return;
  try {
    std::vector<nlohmann::json> chosen;
    // A path may have commas, and a list has.
    const bool whole = option->type == OptionType::text || option->type == OptionType::strings ||
                       option->type == OptionType::durations;
    for (const std::string& word : whole ? std::vector{std::string(trimmed(text))} : split(text)) {
      nlohmann::json value = value_from_text(*option, word);
      if (std::find(chosen.begin(), chosen.end(), value) == chosen.end()) chosen.push_back(std::move(value));
    }
    chosen_[key] = std::move(chosen);
  } catch (const Error& error) {
    problems_[key] = error.what();
  }
}

void BuilderModel::clear(const std::string& key) {
  chosen_.erase(key);
  texts_.erase(key);
  problems_.erase(key);
}

std::vector<std::string> BuilderModel::varied() const {
  std::vector<std::string> keys;
  for (const Option& option : catalogue())
    if (values(option.key).size() > 1) keys.push_back(option.key);
  return keys;
}

std::string BuilderModel::automatic_name() const {
  std::string words;
  for (const std::string& key : varied()) words += (words.empty() ? "" : " ") + naming_word(key);
  return words.empty() ? "run" : words;
}

std::string BuilderModel::problem() const { return problems_.empty() ? "" : problems_.begin()->second; }

double BuilderModel::combinations() const {
  double product = mode == Experiment::Mode::grid ? 1 : 0;
  for (const auto& [key, chosen] : chosen_) {
    if (mode == Experiment::Mode::grid)
      product *= static_cast<double>(chosen.size());
    else
      product += static_cast<double>(chosen.size() - 1);
  }
  return (mode == Experiment::Mode::grid ? product : product + 1) * std::max(1, seeds);
}

Experiment BuilderModel::experiment() const {
  Experiment experiment;
  experiment.name = name.empty() ? automatic_name() : name;
  experiment.mode = mode;
  for (const Option& option : catalogue()) {
    const auto chosen = values(option.key);
    if (chosen.size() > 1) experiment.vary.emplace_back(option.key, chosen);
    // A key that is varied one at a time has its first value in the base.
    if (chosen.front() != option.default_value && (chosen.size() == 1 || mode == Experiment::Mode::one_at_a_time))
      experiment.base[option.key] = chosen.front();
  }
  if (seeds > 1)
    for (int seed = 0; seed < seeds; ++seed) experiment.seeds.push_back(seed);
  return experiment;
}

nlohmann::json BuilderModel::to_json() const {
  nlohmann::json values = nlohmann::json::object();
  for (const auto& [key, chosen] : chosen_)
    if (!problems_.contains(key)) values[key] = chosen;
  return {{"values", values}, {"name", name}, {"grid", mode == Experiment::Mode::grid}, {"seeds", seeds}};
}

void BuilderModel::from_json(const nlohmann::json& json) {
  *this = {};
  name = json.value("name", "");
  mode = json.value("grid", true) ? Experiment::Mode::grid : Experiment::Mode::one_at_a_time;
  seeds = std::clamp(json.value("seeds", 1), 1, 1000);
  const nlohmann::json values = json.value("values", nlohmann::json::object());
  for (const auto& [key, chosen] : values.items()) {
    const Option* const option = find_option(key);
    if (!option || !chosen.is_array() || chosen.empty()) continue;
    try {
      std::vector<nlohmann::json> checked;
      for (const nlohmann::json& value : chosen) checked.push_back(checked_value(*option, value));
      chosen_[key] = std::move(checked);
    } catch (const Error&) {  // From another version of the catalogue: the default then.
    }
  }
}

}  // namespace ablate
