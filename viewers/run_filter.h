#pragma once

#include <memory>
#include <string>
#include <vector>

#include "viewers/panel.h"

namespace ablate {

/// What a person types to find runs: words separated by spaces, all of which must hold.
///   norm=batch    an option (any key that ends so) has this value, or one that begins with it;
///                 of another program's run a hyper-parameter that it logged
///   /^batch-\d/   a regular expression on the name (also any word that has one of ^$*+[|\)
///   shared        part of name, id, experiment, state, a tag or the notes, or "pinned"; case does not matter
/// Runs that were archived match where one of the words is "archived".
class RunFilter {
 public:
  explicit RunFilter(const std::string& text);
  ~RunFilter();
  RunFilter(RunFilter&&) noexcept;
  RunFilter& operator=(RunFilter&&) noexcept;

  bool matches(const RunView& run) const;
  /// Why an expression can't be understood, for a person; empty when all is well. Such a word matches everything.
  const std::string& problem() const { return problem_; }

 private:
  struct Word;
  std::vector<Word> words_;
  bool archived_ = false;
  std::string problem_;
};

}  // namespace ablate
