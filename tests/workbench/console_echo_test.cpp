#include "workbench/cli/console_echo.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <fstream>
#include <vector>

namespace ablate {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class ConsoleEchoTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "ablate-echo-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    run_ = pattern;
  }
  void TearDown() override { fs::remove_all(run_); }

  void write(const std::string& text) { std::ofstream(run_ / "console.log", std::ios::app) << text; }
  std::vector<std::string> lines(ConsoleEcho& echo) {
    std::vector<std::string> found;
    echo.new_lines([&](const std::string& line) { found.push_back(line); });
    return found;
  }

  fs::path run_;
};

TEST_F(ConsoleEchoTest, LinesComeOnceAndWhole) {
  ConsoleEcho echo(run_);
  EXPECT_THAT(lines(echo), IsEmpty());
  write("one\ntw");
  EXPECT_THAT(lines(echo), ElementsAre("one"));
  EXPECT_THAT(lines(echo), IsEmpty());
  write("o\n\nfour\n");
  EXPECT_THAT(lines(echo), ElementsAre("two", "", "four"));
}

TEST_F(ConsoleEchoTest, WhatAnEarlierWorkerSaidIsNotRepeated) {
  write("of old\n");
  ConsoleEcho echo(run_);
  write("new\n");
  EXPECT_THAT(lines(echo), ElementsAre("new"));
}

}  // namespace
}  // namespace ablate
