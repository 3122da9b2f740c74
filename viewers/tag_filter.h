#pragma once

#include <memory>
#include <string>
#include <vector>

namespace re2 {
class RE2;
}

namespace ablate {

/// The regular expression, whatever the case, that a word is: one between slashes, or with any of ^$*+[|\ in it.
/// nullptr for other words. One that can't be understood is not ok().
std::unique_ptr<re2::RE2> expression_in(const std::string& word);

/// What a person types to find tags: words separated by spaces, each a part of the tag whatever its case, or a regular
/// expression.
class TagFilter {
 public:
  explicit TagFilter(const std::string& text);
  ~TagFilter();

  /// All words hold. One that can't be understood holds everywhere.
  bool matches(const std::string& tag) const;
  /// Why an expression can't be understood, for a person; empty when all is well.
  const std::string& problem() const { return problem_; }

 private:
  std::vector<std::string> parts_;  ///< lower case
  std::vector<std::unique_ptr<re2::RE2>> expressions_;
  std::string problem_;
};

}  // namespace ablate
