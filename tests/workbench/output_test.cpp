#include "workbench/cli/output.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace ablate {
namespace {

std::string printed(const Table& table) {
  testing::internal::CaptureStdout();
  table.print();
  std::fflush(stdout);
  return testing::internal::GetCapturedStdout();
}

TEST(Table, ColumnsAreAlignedAndLinesHaveNoTails) {
  Table table({{"RUN"}, {"IoU", Align::right}, {"STATE"}});
  table.add({{"a"}, {"0.5"}, {"done"}});
  table.add({{"longer"}, {"0.1234"}, {""}});
  EXPECT_EQ(printed(table),
            "RUN        IoU  STATE\n"
            "a          0.5  done\n"
            "longer  0.1234\n");
}

TEST(Table, AColumnInWhichEveryCellIsEmptyIsLeftOut) {
  Table table({{"RUN"}, {"NAME"}, {"STATE"}});
  table.add({{"a"}, {""}, {"done"}});
  EXPECT_EQ(printed(table), "RUN  STATE\na    done\n");
}

TEST(Table, ARowIsOneLineWhateverANameHolds) {
  Table table({{"A"}, {"B"}});
  table.add({{"two\nlines"}, {"\033[2J"}});
  EXPECT_EQ(printed(table), "A          B\ntwo lines   [2J\n");
}

TEST(Table, LettersOfSeveralBytesCountOnce) {
  Table table({{"A"}, {"B"}});
  table.add({{"∞"}, {"x"}});
  table.add({{"ab"}, {"y"}});
  EXPECT_EQ(printed(table), "A   B\n∞   x\nab  y\n");
}

TEST(Table, NoColourWhereOutputIsNoTerminal) {
  Table table({{"A"}});
  table.add({{"bad", Tone::bad}});
  EXPECT_EQ(printed(table).find('\033'), std::string::npos);
}

TEST(Output, NumbersAsAPersonReadsThem) {
  EXPECT_EQ(short_number(0.846153), "0.8462");
  EXPECT_EQ(short_number(NAN), "NaN");
  EXPECT_EQ(short_number(-std::numeric_limits<double>::infinity()), "-∞");
}

TEST(Output, TimesAsAPersonReadsThem) {
  EXPECT_EQ(short_time(3.14), "3.1 s");
  EXPECT_EQ(short_time(85.4), "85 s");
  EXPECT_EQ(short_time(250), "4 min 10 s");
  EXPECT_EQ(short_time(3 * 3600 + 5 * 60), "3 h 05 min");
}

TEST(Output, ASummaryKeepsWhatIsNotFinite) {
  RunInfo run;
  run.folder = "root/a";
  run.id = "a";
  run.status.state = RunState::diverged;
  run.status.metrics = {{"loss/train", NAN}, {"iou/val", 0.5}};
  const nlohmann::json summary = run_summary(run);
  EXPECT_EQ(summary["run"], "root/a");
  EXPECT_EQ(summary["id"], "a");
  EXPECT_EQ(summary["status"], "diverged");
  EXPECT_EQ(summary["metrics"]["loss/train"], "NaN");
  EXPECT_EQ(summary["metrics"]["iou/val"], 0.5);
  EXPECT_TRUE(summary["best"].is_null());
}

}  // namespace
}  // namespace ablate
