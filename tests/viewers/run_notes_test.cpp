#include "viewers/run_notes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runs/error.h"

namespace ablate {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(RunNotes, TagsAreWordsBetweenCommas) {
  EXPECT_THAT(tags_from_words(" good, no flip,, good ,"), ElementsAre("good", "no flip"));
  EXPECT_THAT(tags_from_words(""), IsEmpty());
}

TEST(RunNotes, FiguresComeBackFromTheirWords) {
  const std::map<std::string, double> figures{{"fps", 30}, {"leaderboard", 0.1 + 0.2}};
  EXPECT_EQ(figures_from_words(words_of_figures(figures)), figures);
  EXPECT_THROW(figures_from_words("fps=30, leaderboard"), Error);
}

}  // namespace
}  // namespace ablate
