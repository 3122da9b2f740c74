#include "viewers/run_filter.h"

#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <sstream>
#include <string_view>

#include "experiments/catalogue.h"
#include "runs/text.h"

namespace ablate {

struct RunFilter::Word {
  std::string text;  ///< lower case
  std::string key;   ///< of key=value, else empty
  std::unique_ptr<RE2> expression;
};

namespace {

bool option_has(const RunConfig& config, const std::string& key, const std::string& value) {
  for (const Option& option : catalogue()) {
    if (option.key != key && !option.key.ends_with("." + key)) continue;
    const nlohmann::json& actual = config.at(option.key);
    const std::string text = lower_case(actual.is_string() ? actual.get<std::string>() : actual.dump());
    if (text.starts_with(value)) return true;
  }
  return false;
}

}  // namespace

RunFilter::RunFilter(const std::string& text) {
  std::istringstream stream(text);
  std::string word;
  while (stream >> word) {
    Word parsed;
    const bool slashes = word.size() > 2 && word.front() == '/' && word.back() == '/';
    const std::size_t equals = word.find('=');
    if (slashes || (equals == std::string::npos && word.find_first_of("^$*+[|\\") != std::string::npos)) {
      RE2::Options options;
      options.set_case_sensitive(false);
      options.set_log_errors(false);
      parsed.expression = std::make_unique<RE2>(slashes ? word.substr(1, word.size() - 2) : word, options);
      if (!parsed.expression->ok()) {
        problem_ = word + ": " + parsed.expression->error();
        continue;
      }
    } else if (equals != std::string::npos && equals > 0) {
      parsed.key = lower_case(word.substr(0, equals));
      parsed.text = lower_case(word.substr(equals + 1));
    } else {
      parsed.text = lower_case(word);
    }
    words_.push_back(std::move(parsed));
  }
}

RunFilter::~RunFilter() = default;
RunFilter::RunFilter(RunFilter&&) noexcept = default;
RunFilter& RunFilter::operator=(RunFilter&&) noexcept = default;

bool RunFilter::matches(const RunView& run) const {
  return std::all_of(words_.begin(), words_.end(), [&](const Word& word) {
    if (word.expression) return RE2::PartialMatch(run.info.name, *word.expression);
    if (!word.key.empty()) return run.config && option_has(*run.config, word.key, word.text);
    const auto has = [&](std::string_view text) { return lower_case(text).find(word.text) != std::string::npos; };
    return has(run.info.name) || has(run.info.id) || has(run.info.experiment) || has(name_of(run.info.status.state));
  });
}

}  // namespace ablate
