#include "runs/bin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runs/error.h"
#include "tests/runs/support.h"

namespace ablate {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class BinTest : public testing::Test {
 protected:
  RunInfo made(RunState state) {
    const std::filesystem::path folder = create_run(root_.path(), "net", {{"config", nlohmann::json::object()}});
    RunStatus status;
    status.state = state;
    write_status(folder, status);
    return read_run(root_.path(), folder);
  }
  TempFolder root_;
};

TEST_F(BinTest, ARemovedRunIsNoLongerListedAndComesBackAsItWas) {
  const RunInfo run = made(RunState::completed);
  write_text(run.folder / "notes.txt", "mine");
  remove_run(root_.path(), run);
  EXPECT_THAT(list_runs(root_.path()), IsEmpty());
  ASSERT_THAT(removed_runs(root_.path()), SizeIs(1));
  EXPECT_EQ(removed_runs(root_.path())[0].id, run.id);
  restore_run(root_.path(), run.id);
  ASSERT_THAT(list_runs(root_.path()), SizeIs(1));
  EXPECT_TRUE(std::filesystem::exists(run.folder / "notes.txt"));
  EXPECT_THAT(removed_runs(root_.path()), IsEmpty());
}

TEST_F(BinTest, WhatTrainsOrWaitsIsNotRemoved) {
  EXPECT_THROW(remove_run(root_.path(), made(RunState::queued)), Error);
  const RunInfo run = made(RunState::completed);
  const auto lock = RunLock::try_acquire(run.folder);
  EXPECT_THROW(remove_run(root_.path(), run), Error);
  EXPECT_THAT(list_runs(root_.path()), SizeIs(2));
}

TEST_F(BinTest, AnInterruptedRunIs) {
  const RunInfo run = made(RunState::running);  // Its worker is gone.
  ASSERT_EQ(run.status.state, RunState::interrupted);
  remove_run(root_.path(), run);
  EXPECT_THAT(list_runs(root_.path()), IsEmpty());
}

TEST_F(BinTest, OthersFoldersAreNotTouched) {
  std::filesystem::create_directory(root_ / "theirs");
  write_text(root_ / "theirs/events.out.tfevents.1", "");
  EXPECT_THROW(remove_run(root_.path(), read_run(root_.path(), root_ / "theirs")), Error);
  const TempFolder elsewhere;
  const RunInfo run = made(RunState::completed);
  EXPECT_THROW(remove_run(elsewhere.path(), read_run(elsewhere.path(), run.folder)), Error);
}

TEST_F(BinTest, NothingIsOverwrittenOnTheWayBack) {
  const RunInfo run = made(RunState::completed);
  remove_run(root_.path(), run);
  std::filesystem::create_directory(run.folder);
  EXPECT_THROW(restore_run(root_.path(), run.id), Error);
  EXPECT_THROW(restore_run(root_.path(), "no such"), Error);
}

}  // namespace
}  // namespace ablate
