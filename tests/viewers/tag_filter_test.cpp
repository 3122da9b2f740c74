#include "viewers/tag_filter.h"

#include <gtest/gtest.h>

namespace ablate {
namespace {

TEST(TagFilter, WordsArePartsWhateverTheCaseAndAllMustHold) {
  EXPECT_TRUE(TagFilter("").matches("loss/train"));
  EXPECT_TRUE(TagFilter("LOSS tr").matches("Loss/train"));
  EXPECT_FALSE(TagFilter("loss val").matches("loss/train"));
}

TEST(TagFilter, ExpressionsSearchTheTag) {
  EXPECT_TRUE(TagFilter("^loss/(train|val)$").matches("loss/val"));
  EXPECT_FALSE(TagFilter("^val").matches("loss/val"));
  EXPECT_TRUE(TagFilter("/a.c/ x").matches("xabcx"));
}

TEST(TagFilter, AnExpressionThatCannotBeUnderstoodSaysSoAndHidesNothing) {
  const TagFilter filter("[abc");
  EXPECT_NE(filter.problem().find("[abc"), std::string::npos);
  EXPECT_TRUE(filter.matches("loss"));
}

}  // namespace
}  // namespace ablate
