#include "viewers/colors.h"

#include <gtest/gtest.h>

#include <set>

namespace ablate {
namespace {

RunInfo run(const std::string& id, RunState state = RunState::completed, const std::string& color = "") {
  RunInfo info;
  info.id = id;
  info.status.state = state;
  info.meta.color = color;
  return info;
}

TEST(Colors, NeighboursDifferAsLongAsThePaletteLasts) {
  std::vector<RunInfo> runs;
  for (int i = 0; i < 10; ++i) runs.push_back(run("2026112" + std::to_string(i)));
  const auto colors = RunColors().assign(runs);
  EXPECT_EQ(std::set(colors.begin(), colors.end()).size(), 10u);
}

TEST(Colors, EverySessionComesToTheSame) {
  const std::vector<RunInfo> runs = {run("a"), run("b"), run("c")};
  EXPECT_EQ(RunColors().assign(runs), RunColors().assign(runs));
}

TEST(Colors, ANewRunChangesNoOlderOne) {
  RunColors colors;
  const auto before = colors.assign({run("a"), run("b")});
  const auto after = colors.assign({run("a"), run("b"), run("c")});
  EXPECT_EQ(after[0], before[0]);
  EXPECT_EQ(after[1], before[1]);
  EXPECT_NE(after[2], before[1]);
}

TEST(Colors, ADeletedRunChangesNoOtherWhileTheWindowIsOpen) {
  RunColors colors;
  const auto before = colors.assign({run("a"), run("b"), run("c")});
  const auto after = colors.assign({run("b"), run("c"), run("d")});
  EXPECT_EQ(after[0], before[1]);
  EXPECT_EQ(after[1], before[2]);
  EXPECT_NE(after[2], after[1]);
}

TEST(Colors, ARemovedRunChangesNoOtherInTheNextSession) {
  const auto before = RunColors().assign({run("a"), run("b"), run("c")});
  const auto after = RunColors().assign({run("b"), run("c")}, {"a", "d"});
  EXPECT_EQ(after[0], before[1]);
  EXPECT_EQ(after[1], before[2]);
  RunColors colors;
  colors.assign({run("a"), run("b")});
  EXPECT_EQ(colors.assign({run("b")}, {"a"})[0], before[1]);
}

TEST(Colors, ForeignRunsDoNotPushOurOwnAside) {
  RunColors alone, mixed;
  const auto own = alone.assign({run("b")});
  const auto both = mixed.assign({run("a", RunState::foreign), run("b")});
  EXPECT_EQ(both[1], own[0]);
}

TEST(Colors, AForeignRunBesideAFewOfOurOwnHasAnother) {
  const auto colors = RunColors().assign({run("a"), run("b"), run("c", RunState::foreign)});
  EXPECT_NE(colors[2], colors[0]);
  EXPECT_NE(colors[2], colors[1]);
}

TEST(Colors, AColorThatAPersonChoseCounts) {
  const auto colors =
      RunColors().assign({run("a", RunState::completed, "#ff8000"), run("b", RunState::completed, "pink")});
  EXPECT_FLOAT_EQ(colors[0][0], 1);
  EXPECT_FLOAT_EQ(colors[0][1], 128 / 255.0f);
  EXPECT_EQ(colors[1], run_palette()[1]);
}

TEST(Colors, NoRunIsRed) {
  for (const Color& color : run_palette()) EXPECT_FALSE(color[0] > 0.7f && color[1] < 0.48f && color[2] < 0.48f);
}

}  // namespace
}  // namespace ablate
