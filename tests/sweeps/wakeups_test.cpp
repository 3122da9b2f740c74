#include "sweeps/wakeups.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "sweeps/process.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

/// Waits that end by what happens: a time-out would make the test's own time-out strike.
constexpr milliseconds kForever = std::chrono::hours(1);

class WakeupsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "ablate-wakeups-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path folder_;
};

TEST_F(WakeupsTest, AFileThatIsRenamedIntoTheFolderWakes) {
  std::ofstream(folder_ / ".new") << "run";
  Wakeups wakeups;
  wakeups.watch(folder_, Wakeups::arrival);
  fs::rename(folder_ / ".new", folder_ / "1");
  EXPECT_THAT(wakeups.wait(kForever), ElementsAre(folder_.string()));
}

TEST_F(WakeupsTest, AFileWhoseLastWriterLeavesWakes) {
  const int first = ::open((folder_ / "1").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  Wakeups wakeups;
  wakeups.watch(folder_, Wakeups::closing);
  ::close(first);
  EXPECT_THAT(wakeups.wait(kForever), ElementsAre(folder_.string()));
}

TEST_F(WakeupsTest, AFileThatIsRemovedWakesWhereThatIsAskedFor) {
  fs::create_directories(folder_ / "other");
  for (const char* name : {"1", "other/1"}) std::ofstream(folder_ / name) << "run";
  Wakeups wakeups;
  wakeups.watch(folder_, Wakeups::removal);
  wakeups.watch(folder_ / "other", Wakeups::arrival | Wakeups::closing);
  fs::remove(folder_ / "other" / "1");
  fs::remove(folder_ / "1");
  EXPECT_THAT(wakeups.wait(kForever), ElementsAre(folder_.string()));
}

TEST_F(WakeupsTest, WhatIsWatchedNoMoreWakesNobody) {
  Wakeups wakeups;
  wakeups.watch(folder_, Wakeups::closing);
  wakeups.unwatch(folder_);
  std::ofstream(folder_ / "1") << "run";
  EXPECT_THAT(wakeups.wait(milliseconds(50)), IsEmpty());
}

TEST_F(WakeupsTest, AProcessThatEndsWakes) {
  ProcessOptions options;
  options.program = "/bin/true";
  options.log = folder_ / "log";
  const pid_t child = start_child(options);
  const FileDescriptor gone(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  ASSERT_TRUE(gone);
  Wakeups().wait(kForever, std::array{gone.get()});
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, WNOHANG), child);
}

TEST_F(WakeupsTest, ReadingAndLockingWakeNobody) {
  std::ofstream(folder_ / "1") << "run";
  Wakeups wakeups;
  wakeups.watch(folder_, Wakeups::arrival);
  { const std::ofstream appended(folder_ / "1", std::ios::app); }
  std::ifstream(folder_ / "1").get();
  const auto before = std::chrono::steady_clock::now();
  EXPECT_THAT(wakeups.wait(milliseconds(50)), IsEmpty());
  EXPECT_GE(std::chrono::steady_clock::now() - before, milliseconds(50));
}

}  // namespace
}  // namespace ablate
