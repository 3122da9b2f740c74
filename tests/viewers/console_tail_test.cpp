#include "workbench/console_tail.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace ablate {
namespace {

namespace fs = std::filesystem;

TEST(ConsoleTail, ShowsWhatATerminalWould) {
  EXPECT_EQ(as_shown("\x1b[31mred\x1b[0m\n"), "red\n");
  EXPECT_EQ(as_shown("step 1\rstep 2\rstep 3\nend\r\n"), "step 3\nend\n");
  EXPECT_EQ(as_shown("a\tb"), "a    b");
  EXPECT_EQ(as_shown("torn \x1b["), "torn ");
}

class ConsoleReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / fmt::format("ablate-console-{}", ::getpid());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(ConsoleReaderTest, FollowsAFileThatIsNotThereYet) {
  ConsoleReader reader;
  const auto none = reader.read("a", folder_);
  EXPECT_EQ(none->text, "");
  EXPECT_EQ(reader.read("a", folder_), none);
  std::ofstream(folder_ / "console.log") << "one\n";
  EXPECT_EQ(reader.read("a", folder_)->text, "one\n");
  std::ofstream(folder_ / "console.log", std::ios::app) << "two\n";
  EXPECT_EQ(reader.read("a", folder_)->text, "one\ntwo\n");
}

TEST_F(ConsoleReaderTest, OfALongFileTheLastWholeLinesAreRead) {
  {
    std::ofstream stream(folder_ / "console.log");
    for (int i = 0; i < 20'000; ++i) stream << "line " << i << '\n';
  }
  const auto tail = ConsoleReader().read("a", folder_);
  EXPECT_TRUE(tail->cut);
  EXPECT_TRUE(tail->text.starts_with("line "));
  EXPECT_TRUE(tail->text.ends_with("line 19999\n"));
  EXPECT_LE(tail->text.size(), 64u << 10);
}

}  // namespace
}  // namespace ablate
