#pragma once

#include <string>

#include "viewers/panel.h"

namespace ablate {

/// A form for what a person says of a run: its name, tags, notes, figures.
class RunNotes {
 public:
  /// Within an open menu or window. What is kept goes to its meta.json; what can't be understood stays, and says why.
  void draw(Workspace& workspace, const RunView& run);

 private:
  void begin(const RunView& run);

  std::string of_;  ///< id of the run that the fields are of
  std::string name_, tags_, notes_, figures_, problem_;
};

/// "good, no flip": tags as people type them, without blanks around them and none twice.
std::vector<std::string> tags_from_words(const std::string& words);
/// "leaderboard=0.87, fps=30". Throws Error for what is not written so.
std::map<std::string, double> figures_from_words(const std::string& words);
std::string words_of_figures(const std::map<std::string, double>& figures);

}  // namespace ablate
