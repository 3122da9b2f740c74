#include "viewers/run_filter.h"

#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <sstream>
#include <string_view>

#include "experiments/catalogue.h"
#include "runs/text.h"
#include "viewers/tag_filter.h"

namespace ablate {

struct RunFilter::Word {
  std::string text;  ///< lower case
  std::string key;   ///< of key=value, else empty
  std::unique_ptr<RE2> expression;
};

namespace {

bool is_named(const std::string& whole, const std::string& key) {
  return whole == key || whole.ends_with("." + key) || whole.ends_with("/" + key);
}

bool begins(const nlohmann::json& actual, const std::string& value) {
  return lower_case(actual.is_string() ? actual.get<std::string>() : actual.dump()).starts_with(value);
}

bool option_has(const RunView& run, const std::string& key, const std::string& value) {
  if (run.config)
    return std::ranges::any_of(catalogue(), [&](const Option& option) {
      return is_named(option.key, key) && begins(run.config->at(option.key), value);
    });
  if (run.data)
    for (const auto& [name, actual] : run.data->hparams.items())
      if (is_named(lower_case(name), key) && begins(actual, value)) return true;
  return false;
}

}  // namespace

RunFilter::RunFilter(const std::string& text) {
  std::istringstream stream(text);
  std::string word;
  while (stream >> word) {
    Word parsed;
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || word.front() == '/') parsed.expression = expression_in(word);
    if (parsed.expression) {
      if (!parsed.expression->ok()) {
        problem_ = word + ": " + parsed.expression->error();
        continue;
      }
    } else if (equals != std::string::npos && equals > 0) {
      parsed.key = lower_case(word.substr(0, equals));
      parsed.text = lower_case(word.substr(equals + 1));
    } else {
      parsed.text = lower_case(word);
      archived_ |= parsed.text == "archived";
    }
    words_.push_back(std::move(parsed));
  }
}

RunFilter::~RunFilter() = default;
RunFilter::RunFilter(RunFilter&&) noexcept = default;
RunFilter& RunFilter::operator=(RunFilter&&) noexcept = default;

bool RunFilter::matches(const RunView& run) const {
  const RunMeta& meta = run.info.meta;
  if (meta.archived && !archived_) return false;
  return std::all_of(words_.begin(), words_.end(), [&](const Word& word) {
    if (word.expression) return RE2::PartialMatch(run.info.name, *word.expression);
    if (!word.key.empty()) return option_has(run, word.key, word.text);
    const auto has = [&](std::string_view text) { return lower_case(text).find(word.text) != std::string::npos; };
    return has(run.info.name) || has(run.info.id) || has(run.info.experiment) || has(name_of(run.info.status.state)) ||
           has(meta.notes) || std::ranges::any_of(meta.tags, has) || (meta.pinned && word.text == "pinned") ||
           (meta.archived && word.text == "archived");
  });
}

}  // namespace ablate
