#include "sweeps/run_command.h"

#include <gmock/gmock.h>

#include "runs/error.h"

namespace ablate {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

TEST(RunCommand, HandsOverBothOutputsAndTheExitCode) {
  const CommandOutput output = run_command({"sh", "-c", "echo out; echo err >&2; exit 3"}, seconds(20));
  EXPECT_EQ(output.out, "out\n");
  EXPECT_EQ(output.err, "err\n");
  EXPECT_EQ(output.exit_code, 3);
}

TEST(RunCommand, OutputsMayBeLongerThanAPipeHolds) {
  const CommandOutput output = run_command({"sh", "-c", "yes | head -c 300000 >&2; yes | head -c 300000"}, seconds(20));
  EXPECT_EQ(output.out.size(), 300000u);
  EXPECT_EQ(output.err.size(), 300000u);
}

TEST(RunCommand, ASignalIsToldAsAShellDoes) {
  EXPECT_EQ(run_command({"sh", "-c", "kill -9 $$"}, seconds(20)).exit_code, 137);
}

TEST(RunCommand, StandardInputIsEmpty) { EXPECT_EQ(run_command({"cat"}, seconds(20)).out, ""); }

TEST(RunCommand, OneThatTakesTooLongIsKilled) {
  try {
    run_command({"sleep", "1000"}, std::chrono::milliseconds(50));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("sleep gave no answer within 0.05 seconds"));
  }
}

TEST(RunCommand, WhatIsNotThereIsAnError) {
  EXPECT_THROW(run_command({"ablate-no-such-program"}, seconds(20)), Error);
  EXPECT_FALSE(on_path("ablate-no-such-program"));
  EXPECT_TRUE(on_path("sh"));
}

}  // namespace
}  // namespace ablate
