#include "viewers/tag_filter.h"

#include <re2/re2.h>

#include <algorithm>
#include <sstream>

#include "runs/text.h"

namespace ablate {

std::unique_ptr<RE2> expression_in(const std::string& word) {
  const bool slashes = word.size() > 2 && word.front() == '/' && word.back() == '/';
  if (!slashes && word.find_first_of("^$*+[|\\") == std::string::npos) return nullptr;
  RE2::Options options;
  options.set_case_sensitive(false);
  options.set_log_errors(false);
  return std::make_unique<RE2>(slashes ? word.substr(1, word.size() - 2) : word, options);
}

TagFilter::TagFilter(const std::string& text) {
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    auto expression = expression_in(word);
    if (!expression)
      parts_.push_back(lower_case(word));
    else if (expression->ok())
      expressions_.push_back(std::move(expression));
    else
      problem_ = word + ": " + expression->error();
  }
}

TagFilter::~TagFilter() = default;

bool TagFilter::matches(const std::string& tag) const {
  const std::string lower = lower_case(tag);
  return std::ranges::all_of(parts_, [&](const std::string& part) { return lower.find(part) != std::string::npos; }) &&
         std::ranges::all_of(expressions_, [&](const auto& expression) { return RE2::PartialMatch(tag, *expression); });
}

}  // namespace ablate
