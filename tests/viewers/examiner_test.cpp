#include "workbench/examiner.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "tests/runs/support.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

/// The worker is a script: of a run called "slow" it says what it tests and goes on for ever.
class ExaminerTest : public testing::Test {
 protected:
  ExaminerTest() {
    const fs::path worker = folder_ / "worker";
    std::ofstream(worker) << R"(#!/bin/sh
echo '{"test": "one"}'
case "$2" in
  *slow) exec sleep 600 ;;
  *bad) echo 'a warning' >&2; echo 'ablate-train: no such picture' >&2; exit 1 ;;
esac
echo '{"findings": [], "untested": ["the rest"], "notes": []}'
)";
    fs::permissions(worker, fs::perms::owner_all);
    ::setenv("ABLATE_TRAIN", worker.c_str(), 1);
  }
  ~ExaminerTest() override { ::unsetenv("ABLATE_TRAIN"); }

  /// The examination once it is as wanted; what there is after a long time.
  std::optional<Examination> of(const Examiner& examiner, const std::string& run,
                                const std::function<bool(const std::optional<Examination>&)>& wanted) {
    std::optional<Examination> found;
    for (int i = 0; i < 1000; ++i) {
      if (const auto all = examiner.examinations()) {
        const auto at = all->find(run);
        found = at == all->end() ? std::nullopt : std::optional(at->second);
        if (wanted(found)) break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return found;
  }
  static bool over(const std::optional<Examination>& examination) { return examination && examination->over; }
  static bool says(const std::optional<Examination>& examination) { return examination && !examination->test.empty(); }
  static bool gone(const std::optional<Examination>& examination) { return !examination; }

  TempFolder folder_;
};

TEST_F(ExaminerTest, SaysWhatItTestsAndWhatCameOfIt) {
  Examiner examiner([] {});
  examiner.examine("r", folder_ / "quick");
  const auto end = of(examiner, "r", over);
  ASSERT_TRUE(over(end));
  EXPECT_EQ(end->problem, "");
  EXPECT_EQ(end->untested, std::vector<std::string>{"the rest"});
}

TEST_F(ExaminerTest, WhatCannotBeExaminedSaysWhy) {
  Examiner examiner([] {});
  examiner.examine("r", folder_ / "bad");
  const auto end = of(examiner, "r", over);
  ASSERT_TRUE(over(end));
  EXPECT_NE(end->problem.find("could not be examined: no such picture"), std::string::npos) << end->problem;
}

TEST_F(ExaminerTest, OneThatIsStoppedMayBeAskedForAgainAtOnce) {
  Examiner examiner([] {});
  examiner.examine("r", folder_ / "slow");
  ASSERT_TRUE(says(of(examiner, "r", says)));
  examiner.stop("r");
  EXPECT_TRUE(gone(of(examiner, "r", gone)));
  examiner.examine("r", folder_ / "quick");
  EXPECT_TRUE(over(of(examiner, "r", over)));
}

TEST_F(ExaminerTest, OneThatWaitsIsStoppedWithoutHavingBegun) {
  Examiner examiner([] {});
  examiner.examine("first", folder_ / "slow");
  examiner.examine("second", folder_ / "quick");
  examiner.stop("second");
  EXPECT_TRUE(gone(of(examiner, "second", gone)));
  examiner.stop("first");
  examiner.stop("first");  // Nothing is there any more.
  examiner.examine("third", folder_ / "quick");
  EXPECT_TRUE(over(of(examiner, "third", over)));
  EXPECT_TRUE(gone(of(examiner, "second", gone)));
}

TEST_F(ExaminerTest, GoesAwayWithoutWaitingForWhatItExamines) {
  Examiner examiner([] {});
  examiner.examine("r", folder_ / "slow");
  EXPECT_TRUE(says(of(examiner, "r", says)));
}

}  // namespace
}  // namespace ablate
