#include "sweeps/process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "runs/atomic_file.h"
#include "runs/error.h"
#include "sweeps/inheritable_lock.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "ablate-process-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  ProcessOptions shell(const std::string& script) const { return {"/bin/sh", {"-c", script}, {}, folder_ / "log", -1}; }

  static int wait_for(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  }

  fs::path folder_;
};

TEST_F(ProcessTest, OutputIsAppendedAndTheExitCodeKept) {
  std::ofstream(folder_ / "log") << "before\n";
  const int status = wait_for(start_child(shell("echo out; echo err >&2; exit 7")));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(read_file(folder_ / "log"), "before\nout\nerr\n");
}

TEST_F(ProcessTest, TheEnvironmentIsLaidOverOurs) {
  ::setenv("ABLATE_TEST_KEPT", "kept", 1);
  ::setenv("ABLATE_TEST_CHANGED", "old", 1);
  ProcessOptions options = shell("echo $ABLATE_TEST_KEPT $ABLATE_TEST_CHANGED");
  options.environment["ABLATE_TEST_CHANGED"] = "new";
  wait_for(start_child(options));
  EXPECT_EQ(read_file(folder_ / "log"), "kept new\n");
}

TEST_F(ProcessTest, AChildHasASessionOfItsOwnAndNoInput) {
  wait_for(start_child(shell("read line || echo no input; ps -o sid= -p $$ | tr -d ' '; echo $$")));
  std::ifstream log(folder_ / "log");
  std::string no_input;
  pid_t session = 0, process = 1;
  std::getline(log, no_input);
  log >> session >> process;
  EXPECT_EQ(no_input, "no input");
  EXPECT_EQ(session, process);
}

TEST_F(ProcessTest, AnInheritedLockLivesAsLongAsTheChild) {
  const fs::path file = folder_ / "lock", pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  ProcessOptions options = shell("read line <" + pipe.string());
  pid_t child = 0;
  {
    const auto lock = InheritableLock::try_acquire(file);
    ASSERT_TRUE(lock);
    options.keep_open = lock->descriptor();
    child = start_child(options);
  }
  EXPECT_TRUE(InheritableLock::held(file));
  EXPECT_FALSE(InheritableLock::try_acquire(file));
  std::ofstream(pipe) << "go\n";
  wait_for(child);
  EXPECT_FALSE(InheritableLock::held(file));
  EXPECT_TRUE(InheritableLock::try_acquire(file));
}

TEST_F(ProcessTest, OtherDescriptorsAreNotInherited) {
  const FileDescriptor open_file(::open("/dev/null", 0));  // Without O_CLOEXEC, as a library may leave it.
  wait_for(start_child(shell("ls /proc/self/fd | wc -l")));
  EXPECT_EQ(read_file(folder_ / "log"), "4\n") << "the three standard ones, and ls's own";
}

TEST_F(ProcessTest, ADetachedProcessIsNobodysChild) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  start_detached(shell("echo hello >" + pipe.string()));
  std::string word;
  std::ifstream(pipe) >> word;
  EXPECT_EQ(word, "hello");
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no child is left to wait for";
}

TEST_F(ProcessTest, WhatCannotBeStartedSaysSo) {
  for (const auto start : {+[](const ProcessOptions& options) { start_child(options); },
                           +[](const ProcessOptions& options) { start_detached(options); }}) {
    ProcessOptions options = shell("");
    options.program = "/nowhere/program";
    try {
      start(options);
      FAIL();
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("/nowhere/program: No such file"));
    }
  }
}

TEST_F(ProcessTest, LinesAreHandedOverAndTheLastNeedsNoEnd) {
  std::vector<std::string> lines;
  const int status = read_lines("/bin/sh", {"-c", "echo one; echo; printf three; exit 4"},
                                [&](const std::string& line) { lines.push_back(line); });
  EXPECT_THAT(lines, testing::ElementsAre("one", "", "three"));
  EXPECT_EQ(WEXITSTATUS(status), 4);
}

TEST_F(ProcessTest, AReaderThatThrowsLeavesNoChildBehind) {
  EXPECT_THROW(
      read_lines("/bin/sh", {"-c", "while echo more; do :; done"}, [](const std::string&) { throw Error("enough"); }),
      Error);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST_F(ProcessTest, ReadingStopsWhereItIsAskedTo) {
  std::stop_source stop;
  const int status = read_lines(
      "/bin/sh", {"-c", "echo one >&2; exec sleep 600"}, [&](const std::string&) { stop.request_stop(); },
      stop.get_token(), ErrorsGo::with_output);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
}

TEST_F(ProcessTest, ALogThatCannotBeWrittenSaysSo) {
  ProcessOptions options = shell("");
  options.log = folder_ / "missing" / "log";
  try {
    start_child(options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(options.log.string()));
  }
}

}  // namespace
}  // namespace ablate
